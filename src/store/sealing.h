/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kek/seal.h"
#include "store/backend.h"

/* What resources seal their values with, and how rekeying takes these to another data key. */
G_BEGIN_DECLS

/** va_store_seal_of: borrowed. Errors: SEAL when there is no such key */
VaSeal *va_store_seal_of (VaStore *store, guint64 key, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_newest_seal: what new values are sealed with. Returns: borrowed */
VaSeal *va_store_newest_seal (VaStore *store, guint64 *key);
/**
 * va_store_is_outdated: whether what was sealed has to be sealed again, under a newer key, since the store was given a
 * new one meanwhile. @tries: 0 at first. @reason: (transfer full): why it was not stored; becomes @error if not
 */
gboolean va_store_is_outdated (VaStore *store, guint *tries, GError **reason, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Where rekeying takes sealed values. */
typedef struct {
  VaStore *store;
  guint64 key; /* the new one */
  VaSeal *seal;
} VaStoreMove;
/** va_store_move_value: @sealed under the key @old becomes one under the new key. Errors: SEAL */
gboolean va_store_move_value (const VaStoreMove *to, guint64 old, const VaSealLabel *label, GBytes **sealed,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
