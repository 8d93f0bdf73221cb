/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "core/secret.h"
#include "store/backend.h"

/* Data keys in the database, which sees them wrapped only. */
G_BEGIN_DECLS

/**
 * A data key, sealed under the key-encryption key together with id and oldest. The one with the largest id seals what
 * is new, and says which is the oldest one that counts beside it: an older one that somebody puts back opens nothing.
 */
typedef struct {
  guint64 id;
  guint64 oldest; /* 0: sealed before schema version 6 */
  guint64 seals;  /* made under it so far, at the most */
  GBytes *sealed;
} VaStoredKey;
void va_stored_key_free (VaStoredKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredKey, va_stored_key_free)

/** What makes a store's keys, in one transaction: all of it, or nothing when the store has keys already. */
typedef struct {
  VaSecret *audit_key;
  GBytes *sealed_audit_key;
  GPtrArray *keys;   /* of VaStoredKey: all that there are, wrapped anew; or, for an empty store, its first one */
  gboolean is_empty; /* the store must be */
  gint64 now;
} VaNewKeys;

/** va_store_keys_list: of VaStoredKey, in the order of their ids. */
GPtrArray *va_store_keys_list (VaDbBackend *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_keys_find_audit: the wrapped key of the audit log; TRUE with %NULL: there is none. */
gboolean va_store_keys_find_audit (VaDbBackend *backend, GBytes **sealed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_keys_found: the first keys of an empty store, or those of one from before schema version 6, whose audit log
 * gets its anchor.
 * Errors: SEAL when the store is not as @keys says; CHANGED when it has other data keys
 */
gboolean va_store_keys_found (VaDbBackend *backend, const VaNewKeys *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_keys_count_seals: so many more values may be sealed under data key @id.
 * @known: no fewer were there before, whatever the database says
 */
gboolean va_store_keys_count_seals (VaDbBackend *backend, guint64 id, guint64 known, guint more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_keys_add: keeps @key unless there is one with its id already. */
gboolean va_store_keys_add (VaDbBackend *backend, const VaStoredKey *key, VaAuditEntry *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_keys_replace: others in place of all of them, and of the audit log's key.
 * Errors: CHANGED when they do not have the same ids
 */
gboolean va_store_keys_replace (VaDbBackend *backend, GPtrArray *keys, GBytes *sealed_audit_key, VaAuditEntry *entry,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_keys_retire: @key, wrapped anew, in place of what was @sealed, and no key before it.
 * Errors: KEY when something is still sealed under one of those; CHANGED when it was not @sealed any more
 */
gboolean va_store_keys_retire (VaDbBackend *backend, const VaStoredKey *key, GBytes *sealed, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
