/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/keys.h"
#include "store/store-private.h"
#include "store/table.h"

/*
 * A new data key, and everything under it. Others may use the store meanwhile: each value says which key it is under,
 * and a key that something is under cannot be removed. After a crash there are several keys, and the next call goes on.
 */

gboolean
va_store_move_value (const VaStoreMove *to, guint64 old, const VaSealLabel *label, GBytes **sealed, GError **error)
{
  VaSeal *seal = va_store_seal_of (to->store, old, error);
  g_autoptr(VaSecret) value = seal != NULL ? va_seal_open (seal, label, *sealed, error) : NULL;

  if (value == NULL)
    return FALSE;
  g_bytes_unref (*sealed);
  *sealed = va_seal_close (to->seal, label, value);
  return TRUE;
}

/* One transaction over at most @limit values that are under another key than the new one. */
typedef struct {
  VaStoreMove to;
  guint limit, count;
} ResealWork;

static GPtrArray *
list_others (VaDb *sql, const VaStoreTable *table, guint64 key, guint limit, GError **error)
{
  g_autoptr(VaDbStatement) rows = va_db_query (sql, error, va_store_table_select (table, " WHERE key_id <> ? LIMIT ?"),
                                               "ii", (gint64) key, (gint64) limit);
  g_autoptr(GPtrArray) list = g_ptr_array_new ();
  int status = -1;

  while (rows != NULL && (status = va_db_row (rows, error)) > 0)
    g_ptr_array_add (list, va_store_table_read (table, rows));
  if (status == 0)
    return g_steal_pointer (&list);
  for (guint i = 0; i < list->len; i++)
    va_store_table_free (table, list->pdata[i]);
  return NULL;
}

static gboolean
reseal_table (VaDb *sql, ResealWork *work, const VaStoreTable *table, GError **error)
{
  guint room = work->limit - MIN (work->limit, work->count);
  g_autoptr(GPtrArray) list = list_others (sql, table, work->to.key, room, error);
  gboolean ok = list != NULL;

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      ok = ok && table->move (list->pdata[i], &work->to, error) && table->put_back (sql, list->pdata[i], error);
      va_store_table_free (table, list->pdata[i]);
    }
  if (list != NULL)
    work->count += list->len;
  return ok;
}

static gboolean
reseal_tables (VaDb *sql, gpointer data, GError **error)
{
  ((ResealWork *) data)->count = 0; /* of an earlier try */
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    if (va_store_tables[i]->move != NULL && !reseal_table (sql, data, va_store_tables[i], error))
      return FALSE;
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
  ResealWork work = { .to = { .store = store }, .limit = limit };
  g_autoptr(GError) reason = NULL;

  g_mutex_lock (&store->mutex);
  work.to.key = store->newest;
  g_mutex_unlock (&store->mutex);
  work.to.seal = va_store_seal_of (store, work.to.key, error);
  if (work.to.seal == NULL || !va_db_transact (store->backend, reseal_tables, &work, NULL, error))
    return FALSE;
  *count = work.count;
  if (*count > 0 || retire_older (store, work.to.key, &reason))
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
