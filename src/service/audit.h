/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"
#include "audit/entry.h"
#include "service/service.h"

/*
 * The audit log as the service writes it: a record for each decision and each change, in the transaction that makes it,
 * and one for each refusal before the peer hears of it.
 */
G_BEGIN_DECLS

/** va_audit_of: the record of @request in the making: when, who, what. Returns: borrowed. */
VaAuditEntry *va_audit_of (VaRequest *request);
/**
 * va_audit_registration: what @registration says, without secrets, as the member "registration" of @entry; one of more
 * than 4 KiB by its SHA-256 and its size alone ("registration-hash", "registration-size"), so that no peer makes the
 * log grow by replacing a large one again and again.
 */
void va_audit_registration (VaAuditEntry *entry, const VaRegistration *registration);
/** va_audit_note_refusal: what a change has on record that goes on although the peer is refused. */
void va_audit_note_refusal (VaAuditEntry *entry, const GError *refusal);
/**
 * va_audit_keep_refusal: @refusal (transfer full) of such a change is what the peer is told, and on record already;
 * unless the change itself failed for @reason.
 */
void va_audit_keep_refusal (VaRequest *request, GError *refusal, GError **reason);
/**
 * va_audit_refused: a VaRefused; what can be read at once from a message's form (400, 405, 413, 415) is no decision.
 */
void va_audit_refused (VaRequest *request, GError **error, gpointer service);
/** Records that a request may have checked before it is signed; more of them are left to what is done every minute. */
#define VA_AUDIT_FOLLOWED_MOST 50000
/**
 * va_audit_sign: a checkpoint at the log's end, durable, if the log goes on from what was signed before.
 * Returns: (transfer full)
 * Errors: those of va_audit_trail_follow(); VA_CORE_ERROR
 */
VaCheckpoint *va_audit_sign (VaService *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_audit_sign_new: the same, if there are records behind the last one; what goes wrong is logged. */
void va_audit_sign_new (VaService *service);

G_END_DECLS
