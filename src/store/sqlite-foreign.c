/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/sqlite-foreign.h"

#include <sqlite3.h>
#include <string.h>
#include "core/i18n.h"
#include "kek/seal.h"
#include "store/backend.h"
#include "store/schema.h"

/*
 * A backup comes from where backups are kept. It could have a view in place of a table, which never ends, triggers, or
 * columns that take NULL; so before any of its rows is read its schema must be what our own scripts make of an empty
 * database. Then SQLite itself can say whether every value has its column's type.
 */

/* What ANALYZE makes: tables, and nothing else of these names. */
#define STATISTICS \
  "('sqlite_stat1', 'CREATE TABLE sqlite_stat1(tbl,idx,stat)')," \
  "('sqlite_stat4', 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)')"
#define ENTRIES_MAX 200    /* of sqlite_schema */
#define SQL_MAX 65536      /* bytes of one of them */
#define STEPS_EACH 1000000 /* of SQLite's machine, between two looks */
#define SCHEMA_LOOKS 50    /* far more than it takes to read a schema */

static gboolean
fail_foreign (sqlite3 *db, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("the file is not a store that can be read: %s"),
               db != NULL ? sqlite3_errmsg (db) : _("out of memory"));
  return FALSE;
}

static int
count_looks (void *data)
{
  guint *looks = data;

  return ++*looks > SCHEMA_LOOKS;
}

static void
close_foreign (sqlite3 **db)
{
  sqlite3_close (*db);
}

static gboolean
open_carefully (const char *path, sqlite3 **db, GError **error)
{
  if (sqlite3_open_v2 (path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return fail_foreign (*db, error);
  sqlite3_db_config (*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config (*db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  sqlite3_db_config (*db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
  sqlite3_limit (*db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit (*db, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
  return sqlite3_exec (*db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL) == SQLITE_OK || fail_foreign (*db, error);
}

static gboolean
read_version (sqlite3 *db, gint64 *version, GError **error)
{
  sqlite3_stmt *row = NULL;
  gboolean ok = sqlite3_prepare_v2 (db, "PRAGMA user_version", -1, &row, NULL) == SQLITE_OK
                && sqlite3_step (row) == SQLITE_ROW;

  if (ok)
    *version = sqlite3_column_int64 (row, 0);
  else
    fail_foreign (db, error);
  sqlite3_finalize (row);
  return ok && va_store_check_schema (*version, error);
}

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || c == '_';
}

/* The end of what begins with a quote at @sql; a quote that is written twice stands for itself. */
static const char *
find_quote_end (const char *sql)
{
  const char *end = sql;

  do
    for (end++; *end != '\0' && *end != *sql; end++)
      ;
  while (*end == *sql && *++end == *sql);
  return end;
}

/* SQLite writes a name in quotes when it alters a table. Any other name in quotes stays as it is, quotes and all. */
static void
append_quoted (GString *out, const char *sql, gsize size)
{
  gsize words = 1;

  while (words + 1 < size && is_word (sql[words]))
    words++;
  if (*sql == '"' && size > 2 && words + 1 == size && sql[words] == '"' && !g_ascii_isdigit (sql[1]))
    g_string_append_len (out, sql + 1, (gssize) size - 2);
  else
    g_string_append_len (out, sql, (gssize) size);
}

/* Token by token, as SQLite reads it, without comments and white space, in which versions of SQLite may differ. */
static void
append_plainly (GString *out, const char *sql)
{
  while (*sql != '\0')
    {
      gsize size = 1;

      if (g_ascii_isspace (*sql))
        ;
      else if (sql[0] == '-' && sql[1] == '-')
        size = strcspn (sql, "\n");
      else
        {
          if (strchr ("\"'`", *sql) != NULL)
            size = (gsize) (find_quote_end (sql) - sql);
          else
            while (is_word (sql[0]) && is_word (sql[size]))
              size++;
          append_quoted (out, sql, size);
          g_string_append_c (out, ' ');
        }
      sql += size;
    }
}

/* Everything in a schema, but for the tables of statistics that SQLite may keep; %NULL with @error. */
static char *
describe_schema (sqlite3 *db, GError **error)
{
  g_autoptr(GString) out = g_string_new (NULL);
  sqlite3_stmt *rows = NULL;
  guint count = 0;
  int rc = sqlite3_prepare_v2 (db,
                               "SELECT type, name, tbl_name, coalesce (sql, '') FROM sqlite_schema"
                               " WHERE NOT (type = 'table' AND (name, coalesce (sql, '')) IN (VALUES " STATISTICS "))"
                               " ORDER BY type, name",
                               -1, &rows, NULL);

  while (rc == SQLITE_OK && sqlite3_step (rows) == SQLITE_ROW && count++ < ENTRIES_MAX)
    for (int i = 0; i < 4; i++)
      {
        append_plainly (out, sqlite3_column_type (rows, i) == SQLITE_TEXT ? (const char *) sqlite3_column_text (rows, i)
                                                                          : "?");
        g_string_append_c (out, '\n');
      }
  if (sqlite3_finalize (rows) != SQLITE_OK || rc != SQLITE_OK)
    return fail_foreign (db, error), NULL;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *
describe_own (gint64 version, GError **error)
{
  __attribute__ ((cleanup (close_foreign))) sqlite3 *db = NULL;
  int rc = sqlite3_open_v2 (":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);

  for (gint64 i = 0; rc == SQLITE_OK && i < version; i++)
    rc = sqlite3_exec (db, va_schema_sqlite.scripts[i], NULL, NULL, NULL);
  return rc == SQLITE_OK ? describe_schema (db, error) : (fail_foreign (db, error), NULL);
}

static gboolean
check_tables (sqlite3 *db, GError **error)
{
  g_autofree char *found = NULL, *own = NULL;
  guint looks = 0;
  gint64 version;

  sqlite3_progress_handler (db, STEPS_EACH, count_looks, &looks);
  if (!read_version (db, &version, error))
    return FALSE;
  found = describe_schema (db, error);
  sqlite3_progress_handler (db, 0, NULL, NULL);
  own = found != NULL ? describe_own (version, error) : NULL;
  if (own == NULL)
    return FALSE;
  if (version > 0 && g_str_equal (found, own))
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               version == 0
                 ? _("the file is not a virt-attest store: expected what “virt-attest service backup” writes")
                 : _("the file has other tables, indexes, views or triggers than a store of its version: it was "
                     "tampered with, so use another backup"));
  return FALSE;
}

/* What a check finds first; nothing: it is well. */
static gboolean
check_with (sqlite3 *db, const char *pragma, const char *good, GError **error)
{
  sqlite3_stmt *rows = NULL;
  int rc = sqlite3_prepare_v2 (db, pragma, -1, &rows, NULL);
  const char *said = NULL;
  gboolean ok = FALSE;

  if (rc == SQLITE_OK)
    rc = sqlite3_step (rows);
  if (rc == SQLITE_ROW)
    said = (const char *) sqlite3_column_text (rows, 0);
  if (rc == SQLITE_ROW || rc == SQLITE_DONE)
    ok = good != NULL ? g_strcmp0 (said, good) == 0 : rc == SQLITE_DONE;
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    fail_foreign (db, error);
  else if (!ok && good != NULL)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("the file is damaged: %s"), said != NULL ? said : "?");
  else if (!ok)
    g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
                 _("a row of the table “%s” refers to what is not in the file, such as the data key that it is sealed "
                   "under"),
                 said != NULL ? said : "?");
  sqlite3_finalize (rows);
  return ok;
}

gboolean
va_store_check_foreign (const char *path, GError **error)
{
  __attribute__ ((cleanup (close_foreign))) sqlite3 *db = NULL;

  return open_carefully (path, &db, error) && check_tables (db, error)
         && check_with (db, "PRAGMA integrity_check (1)", "ok", error)
         && check_with (db, "PRAGMA foreign_key_check", NULL, error);
}
