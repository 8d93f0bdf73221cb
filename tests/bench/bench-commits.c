/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What the disk and SQLite can do by themselves, in a folder: `commits` a second, each of one small row and durable,
 * with the service's own settings; or the median microseconds of writing 4 KiB and `fdatasync`. For MILLISECONDS.
 */

#define PAGE 4096
#define SYNCS_MAX 100000

static gint64 end_of_round;

static void
run (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  if (sqlite3_exec (db, sql, NULL, NULL, &message) != SQLITE_OK)
    g_error ("%s: %s", sql, message);
}

static sqlite3 *
open_database (const char *path)
{
  sqlite3 *db = NULL;

  if (sqlite3_open (path, &db) != SQLITE_OK)
    g_error ("%s: %s", path, sqlite3_errmsg (db));
  run (db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
           "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
           "PRAGMA cell_size_check = ON;"
           "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT");
  return db;
}

static void
commits (const char *path)
{
  sqlite3 *db = open_database (path);
  sqlite3_stmt *statement = NULL;
  gint64 begun = g_get_monotonic_time (), now = begun;
  guint count = 0;

  if (sqlite3_prepare_v2 (db, "INSERT INTO rows (text) VALUES ('0123456789abcdef')", -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s", sqlite3_errmsg (db));
  for (; now < end_of_round; count++, now = g_get_monotonic_time ())
    {
      run (db, "BEGIN IMMEDIATE");
      if (sqlite3_step (statement) != SQLITE_DONE)
        g_error ("%s", sqlite3_errmsg (db));
      sqlite3_reset (statement);
      run (db, "COMMIT");
    }
  printf ("%.3f\n", count * 1e6 / (double) (now - begun));
  sqlite3_finalize (statement);
  sqlite3_close (db);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static void
syncs (const char *path)
{
  static const char page[PAGE] = { 1 };
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

  if (fd < 0)
    g_error ("%s: %s", path, g_strerror (errno));
  while (times->len < SYNCS_MAX && (times->len < 3 || g_get_monotonic_time () < end_of_round))
    {
      gint64 begun = g_get_monotonic_time (), taken;

      if (write (fd, page, sizeof page) != PAGE || fdatasync (fd) != 0)
        g_error ("%s: %s", path, g_strerror (errno));
      taken = g_get_monotonic_time () - begun;
      g_array_append_val (times, taken);
    }
  close (fd);
  unlink (path);
  g_array_sort (times, compare);
  printf ("%" G_GINT64_FORMAT "\n", g_array_index (times, gint64, times->len / 2));
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;
  long milliseconds = argc == 4 ? strtol (argv[3], NULL, 10) : 0;

  if (milliseconds < 1 || (strcmp (argv[1], "commits") != 0 && strcmp (argv[1], "fdatasync") != 0))
    {
      fprintf (stderr, "usage: bench-commits commits|fdatasync FOLDER MILLISECONDS\n");
      return 2;
    }
  path = g_build_filename (argv[2], argv[1], NULL);
  end_of_round = g_get_monotonic_time () + milliseconds * 1000;
  if (strcmp (argv[1], "commits") == 0)
    commits (path);
  else
    syncs (path);
  return 0;
}
