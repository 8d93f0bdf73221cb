/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "kek/seal.h"
#include "db/backend.h"
#include "store/store-private.h"
#include "store-fixture.h"

static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (fixture->path), *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autoptr(GError) error = NULL;
  struct stat info;

  g_assert_cmpint (stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  put_secret (fixture->store, "alice", "root", "hunter2");
  g_assert_cmpint (stat (wal, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);

  close_store (fixture);
  g_chmod (fixture->path, 0640);
  g_assert_false (try_to_open (fixture, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_clear_error (&error);
  g_chmod (fixture->path, 0600);
  g_chmod (folder, 0755);
  g_assert_false (try_to_open (fixture, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_chmod (folder, 0700);
  open_store (fixture);
}

static void
assert_does_not_open (Fixture *fixture, GQuark domain, int code)
{
  g_autoptr(GError) error = NULL;

  close_store (fixture);
  g_assert_false (try_to_open (fixture, &error));
  g_assert_error (error, domain, code);
}

static void
test_keys (Fixture *fixture, gconstpointer data)
{
  guint8 key[33] = { 8 };

  g_chmod (fixture->key, 0640);
  assert_does_not_open (fixture, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_assert_true (va_file_write (fixture->key, key, 32, 0600, NULL));
  assert_does_not_open (fixture, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  g_assert_true (va_file_write (fixture->key, key, 31, 0600, NULL));
  assert_does_not_open (fixture, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  g_assert_true (va_file_write (fixture->key, key, 33, 0600, NULL));
  assert_does_not_open (fixture, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
  g_assert_cmpint (g_unlink (fixture->key), ==, 0);
  assert_does_not_open (fixture, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND);
}

static void
test_newer_schema (Fixture *fixture, gconstpointer data)
{
  if (on_postgresql ())
    tamper (fixture, "UPDATE store_version SET version = 99");
  else
    {
      sqlite3 *db = NULL;

      g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
      g_assert_cmpint (sqlite3_exec (db, "PRAGMA user_version = 99", NULL, NULL, NULL), ==, SQLITE_OK);
      sqlite3_close (db);
    }
  assert_does_not_open (fixture, VA_STORE_ERROR, VA_STORE_ERROR_FAILED);
}

/* The child makes launches and tells each number only after the store said yes, until it is killed. */
static void
child_of_crash (const Fixture *fixture, int out)
{
  Fixture own = *fixture;
  guint64 version;

  open_store (&own);
  version = version_of (own.store);
  for (guint32 i = 0;; i++)
    {
      g_autofree char *id = g_strdup_printf ("crash-%u", i);

      if (!make_launch (own.store, id, version, 1000, 0, 0, NULL) || write (out, &i, sizeof i) != sizeof i)
        _exit (1);
    }
}

static void
test_crash (Fixture *fixture, gconstpointer data)
{
  guint32 last = 0, told = 0;
  int ends[2], status;
  pid_t child;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  close_store (fixture);
  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    child_of_crash (fixture, ends[1]);
  close (ends[1]);
  while (told < 25 && read (ends[0], &last, sizeof last) == sizeof last)
    told++;
  kill (child, SIGKILL);
  while (read (ends[0], &last, sizeof last) == sizeof last)
    told++;
  close (ends[0]);
  waitpid (child, &status, 0);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpuint (told, >=, 25);
  g_assert_cmpuint (last, ==, told - 1);

  open_store (fixture);
  for (guint32 i = 0; i <= last; i++)
    {
      g_autofree char *id = g_strdup_printf ("crash-%u", i);
      g_autoptr(VaStoredLaunch) launch = va_store_get_launch (fixture->store, id, NULL);

      g_assert_nonnull (launch);
    }
  {
    const VaPage page = { .owner = "alice", .vm = VM, .limit = G_MAXINT32, .bytes = G_MAXSIZE };
    gboolean more;
    g_autoptr(GPtrArray) all = va_store_list_launches (fixture->store, &page, &more, NULL);

    /* The counter and the launches agree, whatever the kill interrupted. */
    assert_counts (fixture->store, all->len, all->len);
  }
}

static gboolean
file_has (const char *path, const char *needle)
{
  g_autofree char *text = NULL;
  gsize size;

  return g_file_get_contents (path, &text, &size, NULL) && memmem (text, size, needle, strlen (needle)) != NULL;
}

static void
test_nothing_in_the_clear (Fixture *fixture, gconstpointer data)
{
  static const char *const needles[] = { "hunter2-hunter2", "TIKTIKTIK", "TEKTEKTEK", "the table", "the inline value" };
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);

  put_secret (fixture->store, "alice", "root", "hunter2-hunter2");
  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  g_assert_true (make_launch (fixture->store, "launch-needle", version_of (fixture->store), 1000, 0, 0, NULL));
  g_assert_true (file_has (wal, "launch-needle"));
  for (guint i = 0; i < G_N_ELEMENTS (needles); i++)
    {
      g_assert_false (file_has (wal, needles[i]));
      g_assert_false (file_has (fixture->path, needles[i]));
    }
}

static void
test_hosts (Fixture *fixture, gconstpointer data)
{
  VaStoredHost host = { (char *) "node1", 5, (char *) "{}" };
  const VaPage page = { .limit = 10, .bytes = 1000 };
  gboolean more;
  g_autoptr(GPtrArray) list = NULL;

  g_assert_true (va_store_put_host (fixture->store, &host, NULL, NULL));
  host.seen = 6;
  g_assert_true (va_store_put_host (fixture->store, &host, NULL, NULL));
  list = va_store_list_hosts (fixture->store, &page, &more, NULL);
  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpint (((VaStoredHost *) list->pdata[0])->seen, ==, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!on_postgresql ())
    {
      ADD_STORE_TEST ("files", test_files);
      ADD_STORE_TEST ("nothing-in-the-clear", test_nothing_in_the_clear);
    }
  ADD_STORE_TEST ("keys", test_keys);
  ADD_STORE_TEST ("newer-schema", test_newer_schema);
  ADD_STORE_TEST ("crash", test_crash);
  ADD_STORE_TEST ("hosts", test_hosts);
  return g_test_run ();
}
