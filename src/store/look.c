/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include "core/error.h"
#include "core/i18n.h"
#include "db/postgresql-check.h"
#include "db/postgresql.h"
#include "store/schema.h"
#include "store/store-private.h"

/*
 * Whether a start would open the store that is there. An ordinary opening may bring the tables up to date, and SQLite
 * makes files beside the store; here it is read only, and by SQLite's own means.
 */

#define FIRST_VERSION_WITH_AUDIT_KEY 6
#define KEYS_MAX 10000 /* of data keys, which nobody has */
#define BUSY_MS 2000

static void
close_looked_at (sqlite3 **db)
{
  sqlite3_close (*db);
}

static gboolean
refuse_file (const char *path, sqlite3 *db, GError **error)
{
  int rc = db != NULL ? sqlite3_errcode (db) : SQLITE_NOMEM;

  if (rc == SQLITE_NOTADB)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("%s is not an SQLite database: expected the service's store; restore it from its backup with "
                   "“virt-attest service restore”, or move the file away"),
                 path);
  else
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("%s: the store cannot be read: %s"), path,
                 db != NULL ? sqlite3_errmsg (db) : g_strerror (ENOMEM));
  return FALSE;
}

/* Without a log beside it nobody has the store open, and it can be read as it is; else its log counts. */
static gboolean
open_to_read (const char *path, sqlite3 **db, GError **error)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL), *uri = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *alone = g_strconcat (uri, "?immutable=1", NULL);
  gboolean in_use = g_file_test (log, G_FILE_TEST_EXISTS);

  if (sqlite3_open_v2 (in_use ? uri : alone, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL)
      != SQLITE_OK)
    return refuse_file (path, *db, error);
  sqlite3_busy_timeout (*db, BUSY_MS);
  sqlite3_db_config (*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config (*db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
  return TRUE;
}

static gboolean
read_number (const char *path, sqlite3 *db, const char *sql, gint64 *number, GError **error)
{
  sqlite3_stmt *row = NULL;
  gboolean ok = sqlite3_prepare_v2 (db, sql, -1, &row, NULL) == SQLITE_OK && sqlite3_step (row) == SQLITE_ROW;

  if (ok)
    *number = sqlite3_column_int64 (row, 0);
  else
    refuse_file (path, db, error);
  sqlite3_finalize (row);
  return ok;
}

static GBytes *
take_bytes (sqlite3_stmt *row, int column)
{
  gconstpointer data = sqlite3_column_blob (row, column);

  return g_bytes_new (data, (gsize) sqlite3_column_bytes (row, column));
}

static GPtrArray *
read_keys (const char *path, sqlite3 *db, const char *sql, GError **error)
{
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) va_stored_key_free);
  sqlite3_stmt *rows = NULL;
  int rc = sqlite3_prepare_v2 (db, sql, -1, &rows, NULL);

  while (rc == SQLITE_OK && keys->len < KEYS_MAX && (rc = sqlite3_step (rows)) == SQLITE_ROW)
    {
      VaStoredKey *key = g_new0 (VaStoredKey, 1);

      key->id = (guint64) sqlite3_column_int64 (rows, 0);
      key->oldest = (guint64) sqlite3_column_int64 (rows, 1);
      key->sealed = take_bytes (rows, 2);
      g_ptr_array_add (keys, key);
      rc = SQLITE_OK;
    }
  if (rc != SQLITE_DONE && rc != SQLITE_OK)
    refuse_file (path, db, error);
  sqlite3_finalize (rows);
  return rc == SQLITE_DONE || rc == SQLITE_OK ? g_steal_pointer (&keys) : NULL;
}

static gboolean
try_keys (const char *path, sqlite3 *db, gint64 version, VaKek *kek, GError **error)
{
  gboolean has_audit_key = version >= FIRST_VERSION_WITH_AUDIT_KEY;
  g_autoptr(GPtrArray) keys = read_keys (path, db,
                                         has_audit_key ? "SELECT id, oldest, sealed FROM data_keys ORDER BY id"
                                                       : "SELECT id, 0, sealed FROM data_keys ORDER BY id",
                                         error);
  g_autoptr(GPtrArray) audit = NULL;

  if (keys == NULL)
    return FALSE;
  if (has_audit_key)
    audit = read_keys (path, db, "SELECT 1, 0, sealed FROM store_keys WHERE name = 'audit'", error);
  if (has_audit_key && audit == NULL)
    return FALSE;
  if (va_store_try_keys (kek, keys, audit != NULL && audit->len > 0 ? ((VaStoredKey *) audit->pdata[0])->sealed : NULL,
                         error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

static gboolean
look_at_file (const char *path, VaKek *kek, char **warning, GError **error)
{
  __attribute__ ((cleanup (close_looked_at))) sqlite3 *db = NULL;
  gint64 version, tables;
  struct stat info;

  if (stat (path, &info) != 0 || info.st_size == 0)
    return TRUE;
  if (!open_to_read (path, &db, error) || !read_number (path, db, "PRAGMA user_version", &version, error)
      || !read_number (path, db, "SELECT count(*) FROM sqlite_schema", &tables, error))
    return FALSE;
  if (!va_store_check_schema (version, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  if (version == 0 && tables > 0)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                   _("%s is a database, but not a virt-attest store: move it away, or name another file"), path);
      return FALSE;
    }
  if (version > 0 && version < VA_STORE_SCHEMA)
    *warning =
      g_strdup_printf (_("%s: the store has schema version %" PRId64
                         "; starting the service upgrades it to version %d, after which older programs cannot use it"),
                       path, version, VA_STORE_SCHEMA);
  return version == 0 || try_keys (path, db, version, kek, error);
}

/* A database that does not answer now may do so later; a key that does not open it will not. */
static gboolean
look_at_server (const char *url, VaKek *kek, char **warning, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStore) store = NULL;

  if (!va_db_postgresql_check_url (url, error) || !va_db_postgresql_check_way (url, error))
    return FALSE;
  store = va_store_open (url, VA_STORE_PRESENT, kek, &reason);
  if (store != NULL)
    return TRUE;
  if (reason->domain == VA_STORE_ERROR)
    {
      *warning = g_strdup_printf (_("the store's keys were not tried: %s"), reason->message);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

gboolean
va_store_look (const char *place, VaKek *kek, char **warning, GError **error)
{
  *warning = NULL;
  return va_store_is_url (place) ? look_at_server (place, kek, warning, error)
                                 : look_at_file (place, kek, warning, error);
}
