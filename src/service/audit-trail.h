/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/checkpoint.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * VaAuditTrail: up to where the audit log in the database is known to be the service's own. It begins at the newest
 * checkpoint with this service's signature, or at the log's anchor, and goes on with each call; so nothing is signed
 * but what continues that which was signed before. Used from several threads.
 */
typedef struct _VaAuditTrail VaAuditTrail;

/** va_audit_trail_new: @store, @signer: must outlive it. Reads nothing yet. */
VaAuditTrail *va_audit_trail_new (VaStore *store, VaSigner *signer);
void va_audit_trail_free (VaAuditTrail *trail);
/**
 * va_audit_trail_follow: to the log's present end.
 * @most: records that this call may take; 0: however many there are
 * @end: (out): that end
 * Errors: VA_STORE_ERROR; _AUDIT: the log is not what the service has written. VA_PROBLEM_BUSY: @most were not enough
 */
gboolean va_audit_trail_follow (VaAuditTrail *trail, guint64 most, VaAuditPlace *end, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_audit_trail_signed: @seq was signed and stored. _is_new: whether @seq is behind all that this service has signed.
 */
void va_audit_trail_signed (VaAuditTrail *trail, guint64 seq);
/** va_audit_trail_is_new: whether @seq is after the last record that was signed. */
gboolean va_audit_trail_is_new (VaAuditTrail *trail, guint64 seq);
/** va_audit_trail_is_broken: whether it could not be followed the last time, because others have changed the log. */
gboolean va_audit_trail_is_broken (VaAuditTrail *trail);
/**
 * va_audit_trail_check: whether @record is as the service has written it, for a receipt.
 * Errors: VA_STORE_ERROR
 */
gboolean va_audit_trail_check (VaAuditTrail *trail, const VaStoredAudit *record, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
