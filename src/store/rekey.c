/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/keys.h"
#include "store/reseal.h"
#include "store/store-private.h"

/*
 * A new data key, and everything under it. Others may use the store meanwhile: each value says which key it is under,
 * and a key that something is under cannot be removed. After a crash there are several keys, and the next call goes on.
 */

typedef struct {
  VaStore *store;
  guint64 key;
  VaSeal *seal;
} Move;

/* @sealed under @old becomes one under the new key. */
static gboolean
move_value (Move *to, guint64 old, const VaSealLabel *label, const VaSealLabel *new_label, GBytes **sealed,
            GError **error)
{
  VaSeal *seal = va_store_seal_of (to->store, old, error);
  g_autoptr(VaSecret) value = seal != NULL ? va_seal_open (seal, label, *sealed, error) : NULL;

  if (value == NULL)
    return FALSE;
  g_bytes_unref (*sealed);
  *sealed = va_seal_close (to->seal, new_label, value);
  return TRUE;
}

static gboolean
move_secret (gpointer record, gpointer to, GError **error)
{
  VaStoredSecret *secret = record;
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);

  if (!move_value (to, secret->key, &label, &label, &secret->sealed, error))
    return FALSE;
  secret->key = ((Move *) to)->key;
  return TRUE;
}

static gboolean
move_registration (gpointer record, gpointer to, GError **error)
{
  VaStoredRegistration *registration = record;
  g_autofree char *row = va_store_registration_row (registration);
  const VaSealLabel label = VA_LABEL_REGISTRATION (row);

  if (!move_value (to, registration->key, &label, &label, &registration->sealed, error))
    return FALSE;
  registration->key = ((Move *) to)->key;
  return TRUE;
}

static gboolean
move_proposal (gpointer record, gpointer data, GError **error)
{
  VaStoredProposal *proposal = record;
  Move *to = data;
  g_autofree char *row = va_store_moved_proposal_row (proposal);
  const VaSealLabel label = VA_LABEL_MOVED_PROPOSAL (row);
  g_autoptr(VaSecret) value = va_store_open_proposal (to->store, proposal, error);

  if (value == NULL)
    return FALSE;
  g_bytes_unref (proposal->sealed);
  proposal->sealed = va_seal_close (to->seal, &label, value);
  proposal->key = to->key;
  return TRUE;
}

static gboolean
move_launch (gpointer record, gpointer to, GError **error)
{
  VaStoredLaunch *launch = record;
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel keys = VA_LABEL_KEYS (row), table = VA_LABEL_TABLE (row);

  if (!move_value (to, launch->key, &keys, &keys, &launch->sealed_keys, error)
      || (launch->sealed_table != NULL && !move_value (to, launch->key, &table, &table, &launch->sealed_table, error)))
    return FALSE;
  launch->key = ((Move *) to)->key;
  return TRUE;
}

gboolean
va_store_rekey_begin (VaStore *store, VaAuditEntry *entry, GError **error)
{
  g_autoptr(GPtrArray) keys = va_store_list_keys (store, error);
  g_autoptr(VaStoredKey) opened = NULL, fresh = NULL;

  if (keys == NULL)
    return FALSE;
  if (keys->len == 1)
    {
      const VaStoredKey *last = keys->pdata[0];
      guint64 id = last->id;

      /* Where the store has gone over to another KEK, a key under this one would not open after the next start. */
      opened = va_store_wrap_again (store, last, last->oldest, store->kek, error);
      if (opened == NULL)
        return FALSE;
      fresh = va_store_new_key (store, id + 1, id, error);
      if (fresh == NULL || !va_store_keys_add (store->backend, fresh, entry, error))
        return FALSE;
    }
  return va_store_load_keys (store, error);
}

/* The newest key is wrapped once more, now as the only one that counts, together with the end of the older ones. */
static gboolean
retire_older (VaStore *store, guint64 newest, GError **error)
{
  g_autoptr(GPtrArray) keys = va_store_list_keys (store, error);
  const VaStoredKey *last = keys != NULL && keys->len > 0 ? keys->pdata[keys->len - 1] : NULL;
  g_autoptr(VaStoredKey) alone = NULL;

  if (last == NULL || last->id != newest || last->oldest == newest)
    return keys != NULL;
  alone = va_store_wrap_again (store, last, newest, store->kek, error);
  return alone != NULL && va_store_keys_retire (store->backend, alone, last->sealed, error)
         && va_store_load_keys (store, error);
}

gboolean
va_store_rekey_step (VaStore *store, guint limit, guint *count, GError **error)
{
  Move to = { .store = store };
  const VaReseal reseal = { { move_secret, move_registration, move_proposal, move_launch }, &to };
  g_autoptr(GError) reason = NULL;

  g_mutex_lock (&store->mutex);
  to.key = store->newest;
  g_mutex_unlock (&store->mutex);
  to.seal = va_store_seal_of (store, to.key, error);
  if (to.seal == NULL || !va_store_reseal (store->backend, to.key, limit, &reseal, count, error))
    return FALSE;
  if (*count > 0 || retire_older (store, to.key, &reason))
    return TRUE;
  /* Somebody who has not seen the new key yet has used an older one at the last moment: the next step moves that. */
  if (g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_KEY))
    {
      *count = 1;
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static GPtrArray *
wrap_again (VaStore *store, VaKek *kek, GError **error)
{
  g_autoptr(GPtrArray) keys = va_store_list_keys (store, error);

  for (guint i = 0; keys != NULL && i < keys->len; i++)
    {
      VaStoredKey *key = keys->pdata[i];
      VaStoredKey *wrapped = va_store_wrap_again (store, key, key->oldest, kek, error);

      if (wrapped == NULL)
        return NULL;
      va_stored_key_free (key);
      keys->pdata[i] = wrapped;
    }
  return g_steal_pointer (&keys);
}

gboolean
va_store_rewrap (VaStore *store, VaKek *kek, VaAuditEntry *entry, GError **error)
{
  const VaSealLabel label = VA_LABEL_AUDIT_KEY;
  g_autoptr(GPtrArray) keys = wrap_again (store, kek, error);
  g_autoptr(GBytes) audit_key = keys != NULL ? va_kek_wrap (kek, &label, store->audit_key, error) : NULL;

  return audit_key != NULL && va_store_keys_replace (store->backend, keys, audit_key, entry, error);
}
