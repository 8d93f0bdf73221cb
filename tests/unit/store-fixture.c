/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store-fixture.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>
#include "core/file.h"

static const char *
server_url (void)
{
  return g_getenv ("VA_TEST_POSTGRESQL");
}

gboolean
on_postgresql (void)
{
  return server_url () != NULL;
}

/* The server's URL with a database in it. */
static char *
database_url (const char *name)
{
  const char *begin = "postgresql:///";

  g_assert_true (g_str_has_prefix (server_url (), begin));
  return g_strconcat (begin, name, server_url () + strlen (begin), NULL);
}

static char *
new_database (void)
{
  static guint number;
  g_autofree char *name = g_strdup_printf ("test_%d_%u", (int) getpid (), ++number), *first = database_url ("postgres");
  g_autofree char *sql = g_strdup_printf ("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'", name);
  PGconn *connection = PQconnectdb (first);
  PGresult *result = PQexec (connection, sql);

  g_assert_cmpstr (PQresultErrorMessage (result), ==, "");
  PQclear (result);
  PQfinish (connection);
  return database_url (name);
}

gboolean
try_to_open (Fixture *fixture, GError **error)
{
  const VaKekSettings settings = { .file = fixture->key };

  fixture->kek = va_kek_open (&settings, error);
  fixture->store = fixture->kek != NULL ? va_store_open (fixture->place, VA_STORE_ANY, fixture->kek, error) : NULL;
  if (fixture->store != NULL)
    return TRUE;
  g_clear_pointer (&fixture->kek, va_kek_free);
  return FALSE;
}

void
open_store (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;

  try_to_open (fixture, &error);
  g_assert_no_error (error);
}

void
close_store (Fixture *fixture)
{
  g_clear_pointer (&fixture->store, va_store_close);
  g_clear_pointer (&fixture->kek, va_kek_free);
}

void
reopen (Fixture *fixture)
{
  close_store (fixture);
  open_store (fixture);
}

void
set_up (Fixture *fixture, gconstpointer data)
{
  guint8 key[32] = { 7 };
  g_autoptr(GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("store-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "deep", "store.db", NULL);
  fixture->key = g_build_filename (fixture->folder, "kek", NULL);
  fixture->place = on_postgresql () ? new_database () : g_strdup (fixture->path);
  g_assert_true (va_file_create (fixture->key, key, sizeof key, 0600, &error));
  open_store (fixture);
}

void
tear_down (Fixture *fixture, gconstpointer data)
{
  close_store (fixture);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->place);
  g_free (fixture->key);
}

static gint64
ask_postgresql (const char *place, const char *sql, gboolean *changed)
{
  PGconn *connection = PQconnectdb (place);
  PGresult *result = PQexec (connection, sql);
  ExecStatusType status = PQresultStatus (result);
  gint64 number = 0;

  g_assert_cmpstr (PQresultErrorMessage (result), ==, "");
  g_assert_true (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
  if (PQntuples (result) == 1)
    number = g_ascii_strtoll (PQgetvalue (result, 0, 0), NULL, 10);
  if (changed != NULL)
    *changed = g_ascii_strtoll (PQcmdTuples (result), NULL, 10) > 0;
  PQclear (result);
  PQfinish (connection);
  return number;
}

void
tamper (const Fixture *fixture, const char *sql)
{
  sqlite3 *db = NULL;
  gboolean changed;

  if (on_postgresql ())
    {
      ask_postgresql (fixture->place, sql, &changed);
      g_assert_true (changed);
      return;
    }
  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 5000);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_changes (db), >, 0);
  sqlite3_close (db);
}

gint64
ask_database (const Fixture *fixture, const char *sql)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;
  gint64 number;

  if (on_postgresql ())
    return ask_postgresql (fixture->place, sql, NULL);
  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 5000);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &row, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (row), ==, SQLITE_ROW);
  number = sqlite3_column_int64 (row, 0);
  sqlite3_finalize (row);
  sqlite3_close (db);
  return number;
}

void
put_secret (VaStore *store, const char *owner, const char *name, const char *value)
{
  VaStoredSecret secret = { .owner = (char *) owner, .name = (char *) name, .created = 5 };
  g_autoptr(VaSecret) bytes = va_secret_copy_in (value, strlen (value));
  g_autoptr(GError) error = NULL;
  VaReplacedSecret replaced;

  g_assert_true (va_guid_parse ("736869e5-84f0-4973-92ec-06879ce3da0b", secret.guid, NULL));
  g_assert_true (va_store_put_secret (store, &secret, bytes, &replaced, NULL, &error));
  g_assert_no_error (error);
  g_bytes_unref (secret.sealed);
}

gboolean
put_vm (VaStore *store, const char *owner, const char *const *secrets, const char *const *hashes, GError **error)
{
  VaStoredRegistration vm = { .id = (char *) VM, .owner = (char *) owner, .text = (char *) "{\"policy\":1}" };
  g_autoptr(VaSecret) inline_secrets = va_secret_copy_in ("the inline value", 16);
  gboolean is_new,
    ok = va_store_put_registration (store, &vm, inline_secrets, secrets, hashes, NULL, &is_new, NULL, error);

  g_bytes_unref (vm.sealed);
  return ok;
}

guint64
version_of (VaStore *store)
{
  g_autoptr(VaStoredRegistration) vm = va_store_get_registration (store, "alice", VM, NULL);

  g_assert_nonnull (vm);
  return vm->version;
}

void
assert_counts (VaStore *store, guint64 launches, guint64 running)
{
  g_autoptr(VaStoredRegistration) vm = va_store_get_registration (store, "alice", VM, NULL);

  g_assert_nonnull (vm);
  g_assert_cmpuint (vm->launches, ==, launches);
  g_assert_cmpuint (vm->running, ==, running);
}

gboolean
make_launch (VaStore *store, const char *id, guint64 version, gint64 created, guint64 max_launches, guint64 max_running,
             GError **error)
{
  VaStoredLaunch launch = { .id = (char *) id,
                            .vm = (char *) VM,
                            .owner = (char *) "alice",
                            .host = (char *) "node1",
                            .domain_uuid = (char *) VM,
                            .domain_name = (char *) "guest",
                            .policy = 0xffffffffu,
                            .generation = (char *) "milan",
                            .version = version,
                            .created = created,
                            .expires = created + 1000,
                            .terms = (char *) "{}",
                            .timeline = (char *) "[]" };
  g_autoptr(VaSecret) keys = va_secret_copy_in ("TIKTIKTIKTIKTIKTTEKTEKTEKTEKTEKT", 32);
  g_autoptr(VaSecret) table = va_secret_copy_in ("the table", 9);
  VaPermit permit = { .max_launches = max_launches, .max_running = max_running };
  gboolean ok = va_store_create_launch (store, &launch, keys, table, &permit, NULL, error);

  g_bytes_unref (launch.sealed_keys);
  g_bytes_unref (launch.sealed_table);
  return ok;
}

static gboolean
set_state (VaStoredLaunch *launch, gpointer data, GError **error)
{
  launch->state = *(VaLaunchState *) data;
  return TRUE;
}

void
move_launch (VaStore *store, const char *id, VaLaunchState state)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (va_store_change_launch (store, id, set_state, &state, NULL, &error));
  g_assert_no_error (error);
}
