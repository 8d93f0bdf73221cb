/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/keys.h"
#include "store/sealing.h"
#include "store/sql.h"
#include "store/store.h"

/* For the files of the store itself. */
G_BEGIN_DECLS

struct _VaStore {
  VaDbBackend *backend;
  VaKek *kek;          /* borrowed */
  GMutex mutex;        /* of what follows */
  GHashTable *seals;   /* id of a data key -> VaSeal; none goes before the store does */
  GHashTable *rows;    /* id of a data key (0: the audit log's) -> SHA-256, in hex, of its row as it opened last */
  guint64 newest;      /* seals what is new */
  guint64 oldest;      /* one before this opens nothing any more */
  guint seals_left;    /* of those that this process has announced for the newest key */
  guint64 counted;     /* seals under the newest key, as many as this process has ever known of */
  VaSecret *audit_key; /* of the audit log's MACs; set when the store is opened */
};

/** va_store_open_backend: the database at @place alone. */
VaDbBackend *va_store_open_backend (const char *place, VaStoreWhich which, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_load_keys: reads the data keys again. Errors: SEAL when one does not open. */
gboolean va_store_load_keys (VaStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_data_keys: the same; makes the first one when there is none, if @may_make. */
gboolean va_store_open_data_keys (VaStore *store, gboolean may_make, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_try_keys: whether @kek opens those of @keys (of VaStoredKey, in the order of their ids) that count, and
 * @audit_key (%NULL: there is none, as before schema version 6). Without a store, and nothing is kept. No keys at all
 * are good.
 * Errors: VA_SEAL_ERROR_BROKEN, VA_KEK_ERROR
 */
gboolean va_store_try_keys (VaKek *kek, const GPtrArray *keys, GBytes *audit_key, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_new_key: a wrapped data key with this id and oldest. Errors: VA_KEK_ERROR */
VaStoredKey *va_store_new_key (VaStore *store, guint64 id, guint64 oldest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_wrap_again: a copy of @key as @kek wraps it, beside keys from @oldest on.
 * Errors: VA_KEK_ERROR; VA_SEAL_ERROR_BROKEN: the store's own KEK does not open it
 */
VaStoredKey *va_store_wrap_again (VaStore *store, const VaStoredKey *key, guint64 oldest, VaKek *kek, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_unwrap_key: the data key of @key. Errors: VA_KEK_ERROR, VA_SEAL_ERROR_BROKEN */
VaSecret *va_store_unwrap_key (VaKek *kek, const VaStoredKey *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_keys: those that count, in the order of their ids; of VaStoredKey. */
GPtrArray *va_store_list_keys (VaStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define VA_LABEL_AUDIT_KEY ((VaSealLabel){ "store_keys", "audit", "audit key" })

G_END_DECLS
