/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/checkpoint.h"

/*
 * An export of the audit log, and the check of it. Lines of JSON, in order:
 *   {"virt-attest-audit":1}
 *   a record, exactly as it was stored; or {"digest":HEX} in place of one that the reader must not see
 *   {"checkpoint":{…}} behind the record that it covers last
 * Where the log was pruned, the second line is {"anchor":{…}}, a checkpoint, and the record behind it comes next.
 * Otherwise it begins with record 1. It ends with a checkpoint, so that a record that is missing anywhere is noticed.
 */
G_BEGIN_DECLS

#define VA_AUDIT_EXPORT_HEAD "{\"virt-attest-audit\":1}"

/** VaAuditCheck: a check under way: lines are given to it one after the other. */
typedef struct _VaAuditCheck VaAuditCheck;
/** What was found, so far. */
typedef struct {
  guint64 records;    /* up to which one they go; without those that were pruned, how many there are */
  guint64 pruned;     /* those up to this one are not there, because the log was pruned; 0: it was not */
  gint64 pruned_time; /* when the anchor was signed, milliseconds since 1970 UTC */
  guint64 hidden;     /* of them shown as digests only */
  guint64 checkpoints;
  guint64 covered;     /* up to which record the last checkpoint goes */
  gint64 covered_time; /* when that was made, milliseconds since 1970 UTC */
} VaAuditFound;

/** va_audit_check_new: @verifier: borrowed. */
VaAuditCheck *va_audit_check_new (VaVerifier *verifier);
void va_audit_check_free (VaAuditCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaAuditCheck, va_audit_check_free)
/**
 * va_audit_check_receipt: before the first line: the export must have what the receipt @text says.
 * Errors: VA_CORE_ERROR: no receipt, or one that does not hold by itself
 */
gboolean va_audit_check_receipt (VaAuditCheck *check, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_audit_check_line: @line: without its end. Errors: VA_CORE_ERROR: what does not hold, with the line's number */
gboolean va_audit_check_line (VaAuditCheck *check, const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_audit_check_end: Errors: VA_CORE_ERROR: it was cut off, or lacks what a receipt says */
gboolean va_audit_check_end (VaAuditCheck *check, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_audit_check_found: what the lines so far contained. Returns: borrowed from @check. */
const VaAuditFound *va_audit_check_found (const VaAuditCheck *check);

/*
 * A receipt of a launch: {"launch-id":ID,"records":[{"before":LINK,"text":RECORD,"checkpoint":{…}},…]}: each record of
 * the launch with the link before it, and a checkpoint that covers it last.
 */
/**
 * va_receipt_check: that it holds by itself.
 * @each: (nullable): called with each record's text, in order
 * Errors: VA_CORE_ERROR
 */
typedef void (*VaReceiptRecord) (const char *text, const VaCheckpoint *checkpoint, gpointer user_data);
gboolean va_receipt_check (VaVerifier *verifier, const char *text, VaReceiptRecord each, gpointer user_data,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
