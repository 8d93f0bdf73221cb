/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/keys.h"

#include "core/i18n.h"
#include "kek/seal.h"
#include "store/audit-place.h"
#include "store/table.h"

/* Data keys. */

#define KEY_COLUMNS(FIRST, NEXT, R) \
  FIRST (R, id, count, id) \
  NEXT (R, oldest, count, oldest) \
  NEXT (R, sealed, bytes, sealed) \
  NEXT (R, seals, count, seals)

static const VaStoreColumn key_columns[] = { VA_STORE_COLUMNS (KEY_COLUMNS, VaStoredKey) };
const VaStoreTable va_store_table_data_keys = {
  .name = "data_keys",
  .columns = key_columns,
  .length = G_N_ELEMENTS (key_columns),
  .record_size = sizeof (VaStoredKey),
  .is_content = TRUE,
};

/* The wrapped key of the audit log's MACs. */
static const VaStoreColumn store_key_columns[] = { VA_STORE_COPIED (name, text), VA_STORE_COPIED (sealed, bytes) };
const VaStoreTable va_store_table_store_keys = {
  .name = "store_keys",
  .columns = store_key_columns,
  .length = G_N_ELEMENTS (store_key_columns),
};

void
va_stored_key_free (VaStoredKey *key)
{
  va_store_table_free (&va_store_table_data_keys, key);
}

static gpointer
read_key (VaDbStatement *row)
{
  VaStoredKey *key = va_store_table_read (&va_store_table_data_keys, row);

  key->seals = (guint64) MAX ((gint64) key->seals, 0);
  return key;
}

static GPtrArray *
read_all_keys (VaDb *sql, GError **error)
{
  g_autoptr(VaDbStatement) rows =
    va_db_query (sql, error, "SELECT " VA_STORE_NAMES (KEY_COLUMNS) " FROM data_keys ORDER BY id", "");

  return rows != NULL ? va_db_list (rows, read_key, (GDestroyNotify) va_stored_key_free, error) : NULL;
}

gboolean
va_store_keys_find_audit (VaDbBackend *backend, GBytes **sealed, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error, "SELECT sealed FROM store_keys WHERE name = 'audit'", "");
  int status = row != NULL ? va_db_row (row, error) : -1;

  *sealed = status == 1 ? va_db_column_needed_bytes (row, 0) : NULL;
  return status >= 0;
}

GPtrArray *
va_store_keys_list (VaDbBackend *backend, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (backend, error);

  return reader != NULL ? read_all_keys (reader, error) : NULL;
}

static gboolean
insert_key (VaDb *sql, gpointer data, GError **error)
{
  const VaStoredKey *key = data;

  return va_db_run (sql, error, "INSERT INTO data_keys (id, oldest, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    "iib", (gint64) key->id, (gint64) key->oldest, key->sealed);
}

gboolean
va_store_keys_add (VaDbBackend *backend, const VaStoredKey *key, VaAuditEntry *entry, GError **error)
{
  return va_db_transact (backend, insert_key, (gpointer) key, entry, error);
}

static gboolean
same_ids (const GPtrArray *ones, const GPtrArray *others)
{
  gboolean same = ones->len == others->len;

  for (guint i = 0; same && i < ones->len; i++)
    same = ((const VaStoredKey *) ones->pdata[i])->id == ((const VaStoredKey *) others->pdata[i])->id;
  return same;
}

static gboolean
check_same (VaDb *sql, const GPtrArray *keys, GError **error)
{
  g_autoptr(GPtrArray) there = read_all_keys (sql, error);

  if (there == NULL || same_ids (keys, there))
    return there != NULL;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the store's data keys were replaced in the meantime"));
  return FALSE;
}

static gboolean
update_each (VaDb *sql, const GPtrArray *keys, GError **error)
{
  for (guint i = 0; i < keys->len; i++)
    {
      const VaStoredKey *key = keys->pdata[i];

      if (!va_db_run (sql, error, "UPDATE data_keys SET oldest = ?, sealed = ? WHERE id = ?", "ibi",
                      (gint64) key->oldest, key->sealed, (gint64) key->id))
        return FALSE;
    }
  return TRUE;
}

typedef struct {
  const GPtrArray *keys;
  GBytes *audit_key;
} Rewrapped;

static gboolean
update_keys (VaDb *sql, gpointer data, GError **error)
{
  const Rewrapped *rewrapped = data;

  return check_same (sql, rewrapped->keys, error) && update_each (sql, rewrapped->keys, error)
         && va_db_run (sql, error, "UPDATE store_keys SET sealed = ? WHERE name = 'audit'", "b", rewrapped->audit_key);
}

gboolean
va_store_keys_replace (VaDbBackend *backend, GPtrArray *keys, GBytes *sealed_audit_key, VaAuditEntry *entry,
                       GError **error)
{
  Rewrapped rewrapped = { keys, sealed_audit_key };

  return va_db_transact (backend, update_keys, &rewrapped, entry, error);
}

typedef struct {
  guint64 id, known;
  guint more;
} Seals;

static gboolean
add_seals (VaDb *sql, gpointer data, GError **error)
{
  const Seals *seals = data;

  return va_db_run (sql, error,
                    "UPDATE data_keys SET seals = CASE WHEN seals < ? THEN ? ELSE seals END + ? WHERE id = ?", "iiii",
                    (gint64) seals->known, (gint64) seals->known, (gint64) seals->more, (gint64) seals->id);
}

gboolean
va_store_keys_count_seals (VaDbBackend *backend, guint64 id, guint64 known, guint more, GError **error)
{
  Seals seals = { id, known, more };

  return va_db_transact (backend, add_seals, &seals, NULL, error);
}

typedef struct {
  const VaStoredKey *key;
  GBytes *sealed;
} Retired;

static gboolean
delete_older (VaDb *sql, gpointer data, GError **error)
{
  const Retired *retired = data;
  gint64 id = (gint64) retired->key->id;

  if (!va_db_run (sql, error, "UPDATE data_keys SET oldest = ?, sealed = ? WHERE id = ? AND sealed = ?", "ibib",
                  (gint64) retired->key->oldest, retired->key->sealed, id, retired->sealed))
    return FALSE;
  if (va_db_changes (sql) == 1)
    return va_db_run (sql, error, "DELETE FROM data_keys WHERE id < ?", "i", id);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the store's data keys were replaced in the meantime"));
  return FALSE;
}

gboolean
va_store_keys_retire (VaDbBackend *backend, const VaStoredKey *key, GBytes *sealed, GError **error)
{
  Retired retired = { key, sealed };

  return va_db_transact (backend, delete_older, &retired, NULL, error);
}

static gboolean
is_under_keys (const VaStoreTable *table)
{
  return table->needs_keys;
}

/* Whether there is nothing at all that needs a key which was there before. */
static gboolean
check_empty (VaDb *sql, GError **error)
{
  gboolean any;

  if (!va_store_table_any (sql, is_under_keys, &any, error))
    return FALSE;
  if (!any)
    return TRUE;
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the store has sealed values or an audit log, but none of the keys that they need: restore it from "
                 "its backup"));
  return FALSE;
}

static gboolean
insert_found (VaDb *sql, gpointer data, GError **error)
{
  const VaNewKeys *fresh = data;
  g_autoptr(GPtrArray) none = g_ptr_array_new ();

  if (!check_same (sql, fresh->is_empty ? none : fresh->keys, error) || (fresh->is_empty && !check_empty (sql, error))
      || !va_db_run (sql, error, "INSERT INTO store_keys (name, sealed) VALUES ('audit', ?) ON CONFLICT DO NOTHING",
                     "b", fresh->sealed_audit_key))
    return FALSE;
  if (va_db_changes (sql) != 1)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED,
                   _("the store's data keys were replaced in the meantime"));
      return FALSE;
    }
  if (fresh->is_empty)
    return insert_key (sql, fresh->keys->pdata[0], error);
  return update_each (sql, fresh->keys, error) && va_store_audit_anchor_end (sql, fresh->audit_key, fresh->now, error);
}

gboolean
va_store_keys_found (VaDbBackend *backend, const VaNewKeys *keys, GError **error)
{
  return va_db_transact (backend, insert_found, (gpointer) keys, NULL, error);
}
