/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "core/random.h"
#include "store/store-private.h"

/* The keys that values are sealed under, kept in the store itself, wrapped by the key-encryption key. */

VaStoredKey *
va_store_new_key (VaStore *store, guint64 id, GError **error)
{
  g_autoptr(VaSecret) fresh = va_secret_new (VA_SEAL_KEY_SIZE);
  g_autofree char *name = g_strdup_printf ("%" G_GUINT64_FORMAT, id);
  const VaSealLabel label = VA_LABEL_DATA_KEY (name);
  g_autoptr(GBytes) wrapped = NULL;
  VaStoredKey *key;

  va_random_fill (va_secret_data (fresh), VA_SEAL_KEY_SIZE);
  wrapped = va_kek_wrap (store->kek, &label, fresh, error);
  if (wrapped == NULL)
    return NULL;
  key = g_new0 (VaStoredKey, 1);
  key->id = id;
  key->sealed = g_steal_pointer (&wrapped);
  return key;
}

static VaSeal *
open_key (VaStore *store, const VaStoredKey *key, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%" G_GUINT64_FORMAT, key->id);
  const VaSealLabel label = VA_LABEL_DATA_KEY (name);
  g_autoptr(VaSecret) data_key = va_kek_unwrap (store->kek, &label, key->sealed, error);

  return data_key != NULL ? va_seal_new (data_key, error) : NULL;
}

static VaSeal *
known_seal (VaStore *store, guint64 key)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  return g_hash_table_lookup (store->seals, &key);
}

/* From now on @key is known; the newest one seals what is new. */
static void
take_seal (VaStore *store, guint64 key, VaSeal *seal)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  if (g_hash_table_contains (store->seals, &key))
    va_seal_free (seal);
  else
    g_hash_table_insert (store->seals, g_memdup2 (&key, sizeof key), seal);
  store->newest = MAX (store->newest, key);
}

/* Unwrapping may take its time in a token, and nobody waits for it who does not need that key. */
gboolean
va_store_load_keys (VaStore *store, GError **error)
{
  g_autoptr(GPtrArray) keys = store->backend->class->list_keys (store->backend, error);

  for (guint i = 0; keys != NULL && i < keys->len; i++)
    {
      const VaStoredKey *key = keys->pdata[i];
      VaSeal *seal = known_seal (store, key->id) == NULL ? open_key (store, key, error) : NULL;

      if (seal != NULL)
        take_seal (store, key->id, seal);
      else if (known_seal (store, key->id) == NULL)
        return FALSE;
    }
  return keys != NULL;
}

VaSeal *
va_store_seal_of (VaStore *store, guint64 key, GError **error)
{
  VaSeal *seal;

  for (guint tries = 0; tries < 2; tries++)
    {
      seal = known_seal (store, key);
      if (seal != NULL)
        return seal;
      if (tries == 0 && !va_store_load_keys (store, error))
        return NULL;
    }
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_SEAL, _("the store has no data key %" G_GUINT64_FORMAT), key);
  return NULL;
}

VaSeal *
va_store_newest_seal (VaStore *store, guint64 *key)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  *key = store->newest;
  return g_hash_table_lookup (store->seals, &store->newest);
}

gboolean
va_store_is_outdated (VaStore *store, guint *tries, GError **reason)
{
  if (!g_error_matches (*reason, VA_STORE_ERROR, VA_STORE_ERROR_KEY) || ++*tries > 2)
    return FALSE;
  g_clear_error (reason);
  return va_store_load_keys (store, reason);
}

gboolean
va_store_open_data_keys (VaStore *store, GError **error)
{
  g_autoptr(VaStoredKey) first = NULL;

  if (!va_store_load_keys (store, error))
    return FALSE;
  if (g_hash_table_size (store->seals) > 0)
    return TRUE;
  first = va_store_new_key (store, 1, error);
  return first != NULL && store->backend->class->add_key (store->backend, first, NULL, error)
         && va_store_load_keys (store, error);
}
