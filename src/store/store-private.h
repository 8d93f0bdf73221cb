/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kek/seal.h"
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
/** va_store_seal_of: borrowed. Errors: SEAL when there is no such key */
VaSeal *va_store_seal_of (VaStore *store, guint64 key, GError **error) G_GNUC_WARN_UNUSED_RESULT;
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
/** va_store_newest_seal: what new values are sealed with. Returns: borrowed */
VaSeal *va_store_newest_seal (VaStore *store, guint64 *key);
/**
 * va_store_is_outdated: whether what was sealed has to be sealed again, under a newer key, since the store was given a
 * new one meanwhile. @tries: 0 at first. @reason: (transfer full): why it was not stored; becomes @error if not
 */
gboolean va_store_is_outdated (VaStore *store, guint *tries, GError **reason, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_new_key: a wrapped data key with this id and oldest. Errors: VA_KEK_ERROR */
VaStoredKey *va_store_new_key (VaStore *store, guint64 id, guint64 oldest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_wrap_again: a copy of @key as @kek wraps it, beside keys from @oldest on.
 * Errors: VA_KEK_ERROR; VA_SEAL_ERROR_BROKEN: the store's own KEK does not open it
 */
VaStoredKey *va_store_wrap_again (VaStore *store, const VaStoredKey *key, guint64 oldest, VaKek *kek, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_keys: those that count, in the order of their ids; of VaStoredKey. */
GPtrArray *va_store_list_keys (VaStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What a sealed value is held in place by (transfer full): any change of it, and the value does not open. */
char *va_store_secret_row (const VaStoredSecret *secret);
char *va_store_registration_row (const VaStoredRegistration *registration);
char *va_store_proposal_row (const VaStoredProposal *proposal);
char *va_store_moved_proposal_row (const VaStoredProposal *proposal); /* after rekeying, which keeps its digest */
char *va_store_launch_row (const VaStoredLaunch *launch);

#define VA_LABEL_DATA_KEY(row) ((VaSealLabel){ "data_keys", (row), "data key" })
#define VA_LABEL_AUDIT_KEY ((VaSealLabel){ "store_keys", "audit", "audit key" })
#define VA_LABEL_SECRET(row) ((VaSealLabel){ "secrets", (row), "value" })
#define VA_LABEL_REGISTRATION(row) ((VaSealLabel){ "registrations", (row), "secrets and rules" })
#define VA_LABEL_PROPOSAL(row) ((VaSealLabel){ "proposals", (row), "secrets and rules" })
#define VA_LABEL_MOVED_PROPOSAL(row) ((VaSealLabel){ "proposals", (row), "secrets and rules, moved" })
#define VA_LABEL_KEYS(row) ((VaSealLabel){ "launches", (row), "keys" })
#define VA_LABEL_TABLE(row) ((VaSealLabel){ "launches", (row), "secret table" })

G_END_DECLS
