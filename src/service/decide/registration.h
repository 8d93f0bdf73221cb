/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration-answer.h"
#include "store/store.h"

/* Between a registration as the API has it and as the store has it. */
G_BEGIN_DECLS

/**
 * va_registration_keep: puts @registration into the store under @id.
 * Errors: those of va_store_put_registration()
 */
gboolean va_registration_keep (VaStore *store, const char *owner, const char *id, VaRegistration *registration,
                               gint64 now, const VaExpected *expected, gboolean *is_new, VaAuditEntry *entry,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_propose: keeps @registration (%NULL: that it is to be removed) as a proposal.
 * @proposal: everything but text, sealed, and digest, which are set
 */
gboolean va_registration_propose (VaStore *store, VaStoredProposal *proposal, VaRegistration *registration,
                                  VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_proposed: the other way.
 * @registration: (out) (transfer full): %NULL: it is to be removed
 * Errors: VA_SEAL_ERROR_BROKEN
 */
gboolean va_registration_proposed (VaStore *store, const VaStoredProposal *proposal, VaRegistration **registration,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_open: the whole registration, inline secrets with their data.
 * Errors: VA_SEAL_ERROR_BROKEN (also when the stored text was changed by other hands)
 */
VaRegistration *va_registration_open (VaStore *store, const VaStoredRegistration *stored, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_open_parts: the same in its parts.
 * @parsed: (inout) (transfer full): all but inline secrets; parsed when it is %NULL
 * @secrets: gets the inline secrets with their data, as VaSecretRef
 */
gboolean va_registration_open_parts (VaStore *store, const VaStoredRegistration *stored, VaRegistration **parsed,
                                     GPtrArray *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_answer: what an owner is shown. Returns: (transfer full).
 * @now: milliseconds since 1970
 * @replaced: what was registered before, in the answer to POST; may be %NULL
 */
JsonObject *va_registration_answer (const VaStoredRegistration *stored, const VaRegistration *registration, gint64 now,
                                    VaReplacedRegistration *replaced);

G_END_DECLS
