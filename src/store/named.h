/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "store/backend.h"

/* What owners have under a name. */
G_BEGIN_DECLS

/** What an owner may remove once nothing names it. */
typedef struct {
  const char *users; /* query with owner and name: registrations, and texts that may name it */
  gboolean (*names) (const char *text, const char *name);
  const char *removal; /* with owner and name */
  /* sets NOT_FOUND if @status, a number of rows, is 0 */
  void (*refuse_missing) (int status, const char *name, GError **error);
} VaNamed;
/** va_store_named_remove: the owner's @name, in a transaction of its own. Errors: NOT_FOUND, IN_USE */
gboolean va_store_named_remove (VaDbBackend *backend, const VaNamed *named, const char *owner, const char *name,
                                VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
