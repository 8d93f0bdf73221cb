/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "core/secret.h"
#include "store/backend.h"

/* Changes of registrations that wait for a second person. */
G_BEGIN_DECLS

/** A change of a registration that waits for a second person. */
typedef struct {
  char *vm, *owner, *person;
  gint64 created;   /* seconds */
  guint64 replaces; /* version of the registration that is there; 0: none is */
  char *digest;     /* hex SHA-256 of all of it */
  char *text;       /* JSON of the registration without inline secrets; "": it is to be removed */
  GBytes *sealed;
  guint64 key; /* data key that it is sealed under */
} VaStoredProposal;
void va_stored_proposal_free (VaStoredProposal *proposal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredProposal, va_stored_proposal_free)

/**
 * va_store_put_proposal: in place of an earlier one for the same registration. Seals @inline_secrets in a way that
 * holds everything else in place, and sets proposal->digest.
 * Errors: CHANGED
 */
gboolean va_store_put_proposal (VaStore *store, VaStoredProposal *proposal, VaSecret *inline_secrets,
                                VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_proposal: Errors: NOT_FOUND */
VaStoredProposal *va_store_get_proposal (VaStore *store, const char *owner, const char *vm, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_proposal: checks that it is what was sealed, gives inline secrets. Errors: SEAL */
VaSecret *va_store_open_proposal (VaStore *store, const VaStoredProposal *proposal, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_remove_proposal: Errors: NOT_FOUND */
gboolean va_store_remove_proposal (VaStore *store, const char *owner, const char *vm, VaAuditEntry *entry,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For the other files of the store. */

/**
 * va_store_proposal_take: removes the owner's proposal with @digest, which must be there, or whichever there is for
 * %NULL.
 */
gboolean va_store_proposal_take (VaDb *sql, const char *owner, const char *vm, const char *digest, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
