/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/random.h"
#include <inttypes.h>
#include "kek/seal.h"
#include "store/store-private.h"

/* Data keys, wrapped by the key-encryption key together with the oldest id that counts beside them. */

#define LABEL_DATA_KEY(row) ((VaSealLabel){ "data_keys", (row), "data key" })

/* What holds a wrapped data key in its place. */
static char *
key_row (guint64 id, guint64 oldest)
{
  return oldest == 0 ? g_strdup_printf ("%" PRIu64, id) : g_strdup_printf ("%" PRIu64 "\n%" PRIu64, id, oldest);
}

static VaStoredKey *
wrap_key (VaKek *kek, guint64 id, guint64 oldest, VaSecret *data_key, GError **error)
{
  g_autofree char *row = key_row (id, oldest);
  const VaSealLabel label = LABEL_DATA_KEY (row);
  g_autoptr(GBytes) wrapped = va_kek_wrap (kek, &label, data_key, error);
  VaStoredKey *key;

  if (wrapped == NULL)
    return NULL;
  key = g_new0 (VaStoredKey, 1);
  key->id = id;
  key->oldest = oldest;
  key->sealed = g_steal_pointer (&wrapped);
  return key;
}

VaStoredKey *
va_store_new_key (VaStore *store, guint64 id, guint64 oldest, GError **error)
{
  g_autoptr(VaSecret) fresh = va_secret_new (VA_SEAL_KEY_SIZE);

  va_random_fill (va_secret_data (fresh), VA_SEAL_KEY_SIZE);
  return wrap_key (store->kek, id, oldest, fresh, error);
}

VaSecret *
va_store_unwrap_key (VaKek *kek, const VaStoredKey *key, GError **error)
{
  g_autofree char *row = key_row (key->id, key->oldest);
  const VaSealLabel label = LABEL_DATA_KEY (row);

  return va_kek_unwrap (kek, &label, key->sealed, error);
}

VaStoredKey *
va_store_wrap_again (VaStore *store, const VaStoredKey *key, guint64 oldest, VaKek *kek, GError **error)
{
  g_autoptr(VaSecret) data_key = va_store_unwrap_key (store->kek, key, error);

  return data_key != NULL ? wrap_key (kek, key->id, oldest, data_key, error) : NULL;
}
