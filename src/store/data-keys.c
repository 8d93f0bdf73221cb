/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include <inttypes.h>
#include "core/random.h"
#include "kek/seal.h"
#include "store/keys.h"
#include "store/store-private.h"

/*
 * The keys that values are sealed under, kept in the store itself, wrapped by the key-encryption key, and the key of
 * the audit log's MACs beside them.
 *
 * Who writes to the database must not get another one accepted. A data key is wrapped together with the oldest id that
 * counts beside it, which was not so before schema version 6; where it is, there must be an audit key, and there can be
 * none where it is not. So an audit key that is missing is made anew in two cases only, and whoever has no KEK can
 * bring about neither: in an empty store, and in one that this program has not opened yet.
 */

#define OPEN_TRIES 4
#define AUDIT_ROW 0         /* where rows of data keys have ids, which begin with 1 */
#define SEALS_AT_ONCE 65536 /* announced in the database, so that a launch writes no row for it */
#define SEALS_EACH 2        /* at the most, for each time that a key is asked for */

static VaSeal *
open_key (VaStore *store, const VaStoredKey *key, GError **error)
{
  g_autoptr(VaSecret) data_key = va_store_unwrap_key (store->kek, key, error);

  return data_key != NULL ? va_seal_new (data_key, error) : NULL;
}

/* One that was retired since stays in memory, where somebody may be using it, but is not found any more. */
static VaSeal *
known_seal (VaStore *store, guint64 key)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  return key >= store->oldest ? g_hash_table_lookup (store->seals, &key) : NULL;
}

/* Whether there is nothing new in @key; what its row says of older keys is believed after it has been opened. */
static gboolean
is_known (VaStore *store, const VaStoredKey *key)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  return key->id < store->oldest
         || (g_hash_table_contains (store->seals, &key->id)
             && (key->id < store->newest || key->oldest <= store->oldest));
}

/* From now on @key is known; the newest one seals what is new. */
static void
take_seal (VaStore *store, const VaStoredKey *key, VaSeal *seal)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  if (g_hash_table_contains (store->seals, &key->id))
    va_seal_free (seal);
  else
    g_hash_table_insert (store->seals, g_memdup2 (&key->id, sizeof key->id), seal);
  if (key->id > store->newest)
    {
      store->newest = key->id;
      store->seals_left = 0;
      store->counted = key->seals;
    }
  store->oldest = MAX (store->oldest, key->oldest);
}

static gboolean
check_form (const VaStoredKey *key, GError **error)
{
  if (key->id > 0 && key->oldest > 0 && key->oldest <= key->id)
    return TRUE;
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("data key %" PRIu64 " is not one that this version of virt-attest has written: the store's keys were "
                 "changed in the database; restore the store from its backup"),
               key->id);
  return FALSE;
}

/* Unwrapping may take its time in a token, and nobody waits for it who does not need that key. One that is known and
   does not open any more was wrapped by another KEK meanwhile. */
static gboolean
take_key (VaStore *store, const VaStoredKey *key, GError **error)
{
  g_autoptr(GError) reason = NULL;
  VaSeal *seal;

  if (is_known (store, key))
    return TRUE;
  if (!check_form (key, error))
    return FALSE;
  seal = open_key (store, key, &reason);
  if (seal != NULL)
    take_seal (store, key, seal);
  else if (known_seal (store, key->id) == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  return TRUE;
}

/* The newest one first: it says which of the others count. */
gboolean
va_store_load_keys (VaStore *store, GError **error)
{
  g_autoptr(GPtrArray) keys = va_store_keys_list (store->backend, error);

  for (guint i = keys != NULL ? keys->len : 0; i > 0; i--)
    if (!take_key (store, keys->pdata[i - 1], error))
      return FALSE;
  return keys != NULL;
}

GPtrArray *
va_store_list_keys (VaStore *store, GError **error)
{
  g_autoptr(GPtrArray) keys = NULL;

  if (!va_store_load_keys (store, error))
    return NULL;
  keys = va_store_keys_list (store->backend, error);
  while (keys != NULL && keys->len > 0 && ((const VaStoredKey *) keys->pdata[0])->id < store->oldest)
    g_ptr_array_remove_index (keys, 0);
  return g_steal_pointer (&keys);
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
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the store has no data key %" PRIu64 ", or it was replaced since"), key);
  return NULL;
}

/* AES-GCM's nonces are random, and a key is good for so many of them only; they are counted before they are used. What
   cannot be announced, since the database does not answer, cannot be stored under the key either. Somebody who writes
   to the database can put a lower number there; @known is what this process knows. */
static void
announce_seals (VaStore *store, guint64 key, guint64 known)
{
  g_autoptr(GError) error = NULL;

  if (!va_store_keys_count_seals (store->backend, key, known, SEALS_AT_ONCE, &error))
    g_debug ("seals could not be counted: %s", error->message);
}

VaSeal *
va_store_newest_seal (VaStore *store, guint64 *key)
{
  gboolean all_used;
  guint64 known;
  VaSeal *seal;

  g_mutex_lock (&store->mutex);
  *key = store->newest;
  known = store->counted;
  seal = g_hash_table_lookup (store->seals, &store->newest);
  all_used = store->seals_left < SEALS_EACH;
  store->seals_left = (all_used ? SEALS_AT_ONCE : store->seals_left) - SEALS_EACH;
  if (all_used)
    store->counted += SEALS_AT_ONCE;
  g_mutex_unlock (&store->mutex);
  if (all_used)
    announce_seals (store, *key, known);
  return seal;
}

/* Not fewer than before of the same key. */
static guint64
take_count (VaStore *store, const VaStoredKey *key)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  if (key->id != store->newest)
    return key->seals;
  store->counted = MAX (store->counted, key->seals);
  return store->counted;
}

gboolean
va_store_count_seals (VaStore *store, guint64 *seals, GError **error)
{
  g_autoptr(GPtrArray) keys = va_store_list_keys (store, error);

  if (keys == NULL || keys->len == 0)
    return FALSE;
  *seals = take_count (store, keys->pdata[keys->len - 1]);
  return TRUE;
}

/* Of all that must be as it was for the row to open once more. */
static char *
digest_row (guint64 oldest, GBytes *sealed)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size;
  const guint8 *data = g_bytes_get_data (sealed, &size);

  g_checksum_update (sum, (const guint8 *) &oldest, sizeof oldest);
  g_checksum_update (sum, data != NULL ? data : (const guint8 *) "", (gssize) size);
  return g_strdup (g_checksum_get_string (sum));
}

static gboolean
has_opened (VaStore *store, guint64 id, const char *digest)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  return g_strcmp0 (g_hash_table_lookup (store->rows, &id), digest) == 0;
}

static void
remember_row (VaStore *store, guint64 id, char *digest)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&store->mutex);

  g_hash_table_replace (store->rows, g_memdup2 (&id, sizeof id), digest);
}

/* Unwrapped only where the row is another one than last time: a token may take its time. @key->id is 0 for the audit
   log's. */
static gboolean
check_row (VaStore *store, const VaStoredKey *key, GError **error)
{
  const VaSealLabel label = VA_LABEL_AUDIT_KEY;
  g_autofree char *digest = digest_row (key->oldest, key->sealed);
  g_autoptr(VaSecret) opened = NULL;

  if (has_opened (store, key->id, digest))
    return TRUE;
  opened = key->id != AUDIT_ROW ? va_store_unwrap_key (store->kek, key, error)
                                : va_kek_unwrap (store->kek, &label, key->sealed, error);
  if (opened == NULL)
    return FALSE;
  remember_row (store, key->id, g_steal_pointer (&digest));
  return TRUE;
}

static gboolean
check_audit_row (VaStore *store, GError **error)
{
  g_autoptr(GBytes) sealed = NULL;

  if (!va_store_keys_find_audit (store->backend, &sealed, error))
    return FALSE;
  if (sealed != NULL)
    return check_row (store, &(VaStoredKey){ .id = AUDIT_ROW, .sealed = sealed }, error);
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the store has lost the key of its audit log: restore it from its backup"));
  return FALSE;
}

/* A service that goes on with what it has in memory would be lost with its next start. */
static gboolean
check_rows (VaStore *store, const GPtrArray *keys, GError **error)
{
  for (guint i = 0; i < keys->len; i++)
    if (!check_form (keys->pdata[i], error) || !check_row (store, keys->pdata[i], error))
      return FALSE;
  return check_audit_row (store, error);
}

gboolean
va_store_check_keys (VaStore *store, GError **error)
{
  g_autoptr(GPtrArray) keys = va_store_list_keys (store, error);
  const VaStoredKey *newest = keys != NULL && keys->len > 0 ? keys->pdata[keys->len - 1] : NULL;

  if (keys == NULL)
    return FALSE;
  if (newest != NULL)
    return va_store_seal_of (store, newest->id, error) != NULL && check_rows (store, keys, error);
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the store has lost its data keys: restore it from its backup"));
  return FALSE;
}

gboolean
va_store_is_outdated (VaStore *store, guint *tries, GError **reason, GError **error)
{
  if (g_error_matches (*reason, VA_STORE_ERROR, VA_STORE_ERROR_KEY) && ++*tries <= 2)
    {
      g_clear_error (reason);
      return va_store_load_keys (store, error);
    }
  g_propagate_error (error, g_steal_pointer (reason));
  return FALSE;
}

/* All data keys of a store from before schema version 6, as they are wrapped from now on; or the first one of an empty
   store. */
static gboolean
wrap_all (VaStore *store, const GPtrArray *there, GPtrArray *keys, GError **error)
{
  guint64 oldest = there->len > 0 ? ((const VaStoredKey *) there->pdata[0])->id : 1;

  for (guint i = 0; i < MAX (there->len, 1); i++)
    {
      VaStoredKey *key = there->len > 0 ? va_store_wrap_again (store, there->pdata[i], oldest, store->kek, error)
                                        : va_store_new_key (store, 1, 1, error);

      if (key == NULL)
        return FALSE;
      g_ptr_array_add (keys, key);
    }
  return TRUE;
}

static gboolean
found_keys (VaStore *store, const GPtrArray *there, GError **error)
{
  const VaSealLabel label = VA_LABEL_AUDIT_KEY;
  g_autoptr(VaSecret) audit_key = va_secret_new (VA_AUDIT_KEY_SIZE);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) va_stored_key_free);
  g_autoptr(GBytes) sealed = NULL;
  VaNewKeys fresh = {
    .audit_key = audit_key, .keys = keys, .is_empty = there->len == 0, .now = g_get_real_time () / 1000
  };

  va_random_fill (va_secret_data (audit_key), VA_AUDIT_KEY_SIZE);
  if (!wrap_all (store, there, keys, error))
    return FALSE;
  sealed = va_kek_wrap (store->kek, &label, audit_key, error);
  fresh.sealed_audit_key = sealed;
  return sealed != NULL && va_store_keys_found (store->backend, &fresh, error);
}

static gboolean
all_are_older (const GPtrArray *keys)
{
  for (guint i = 0; i < keys->len; i++)
    if (((const VaStoredKey *) keys->pdata[i])->oldest != 0)
      return FALSE;
  return TRUE;
}

static gboolean
open_audit_key (VaStore *store, GBytes *sealed, GError **error)
{
  const VaSealLabel label = VA_LABEL_AUDIT_KEY;

  store->audit_key = va_kek_unwrap (store->kek, &label, sealed, error);
  if (store->audit_key == NULL)
    return FALSE;
  va_store_side (store->backend)->audit_key = store->audit_key;
  return TRUE;
}

static gboolean
refuse_lost (GBytes *audit_key, GError **error)
{
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               audit_key != NULL ? _("the store has lost its data keys: restore it from its backup")
                                 : _("the store has lost the key of its audit log: restore it from its backup"));
  return FALSE;
}

gboolean
va_store_try_keys (VaKek *kek, const GPtrArray *keys, GBytes *audit_key, GError **error)
{
  const VaSealLabel label = VA_LABEL_AUDIT_KEY;
  guint64 oldest = 0;

  if (audit_key != NULL ? keys->len == 0 : !all_are_older (keys))
    return refuse_lost (audit_key, error);
  for (guint i = keys->len; i > 0; i--)
    {
      const VaStoredKey *key = keys->pdata[i - 1];
      g_autoptr(VaSecret) data_key = NULL;

      if (key->id < oldest)
        break;
      if (audit_key != NULL && !check_form (key, error))
        return FALSE;
      data_key = va_store_unwrap_key (kek, key, error);
      if (data_key == NULL)
        return FALSE;
      if (i == keys->len)
        oldest = key->oldest;
    }
  if (audit_key != NULL)
    {
      g_autoptr(VaSecret) opened = va_kek_unwrap (kek, &label, audit_key, error);

      return opened != NULL;
    }
  return TRUE;
}

/* Opens what there is, or makes what there has to be; neither: another process has made it in between, or is about to
   be seen having made it. */
static gboolean
try_to_open (VaStore *store, gboolean may_make, gboolean last, gboolean *done, GError **error)
{
  g_autoptr(GBytes) sealed = NULL;
  g_autoptr(GPtrArray) keys = NULL;
  g_autoptr(GError) reason = NULL;

  *done = FALSE;
  if (!va_store_keys_find_audit (store->backend, &sealed, error))
    return FALSE;
  keys = va_store_keys_list (store->backend, error);
  if (keys == NULL)
    return FALSE;
  if (sealed != NULL && keys->len > 0)
    return *done = va_store_load_keys (store, error) && open_audit_key (store, sealed, error);
  if (sealed != NULL || !all_are_older (keys))
    {
      if (!last)
        return TRUE;
      return refuse_lost (sealed, error);
    }
  if (!may_make)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                   _("the store has no keys yet: virt-attestd creates them when it starts"));
      return FALSE;
    }
  if (found_keys (store, keys, &reason) || g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

gboolean
va_store_open_data_keys (VaStore *store, gboolean may_make, GError **error)
{
  gboolean done = FALSE;

  for (guint tries = 0; tries < OPEN_TRIES && !done; tries++)
    if (!try_to_open (store, may_make, tries == OPEN_TRIES - 1, &done, error))
      return FALSE;
  if (!done)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED,
                 _("the store's data keys were replaced in the meantime"));
  return done;
}
