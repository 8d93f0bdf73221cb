/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/sqlite-checkpoint.h"

/* Only a transaction that finds nothing left to copy begins the file anew, and while many write, the thread never is
   so far; then one of them does it. */
#define PAGES_MAX 8000

struct _VaDbSqliteCheckpoints {
  char *path;
  GMutex mutex;
  GCond changed;
  GThread *thread; /* from the first one on */
  gboolean due, stopped;
  int seen; /* pages at the last one that was due; 0 since the file began anew */
};

VaDbSqliteCheckpoints *
va_db_sqlite_checkpoints_new (const char *path)
{
  VaDbSqliteCheckpoints *checkpoints = g_new0 (VaDbSqliteCheckpoints, 1);

  checkpoints->path = g_strdup (path);
  g_mutex_init (&checkpoints->mutex);
  g_cond_init (&checkpoints->changed);
  return checkpoints;
}

const char *
va_db_sqlite_checkpoints_path (const VaDbSqliteCheckpoints *checkpoints)
{
  return checkpoints->path;
}

/* One that fails is made up for by the next: until then all of it stays where it was written first. */
static void
checkpoint_file (sqlite3 *db)
{
  if (sqlite3_wal_checkpoint_v2 (db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
    g_debug ("the store's checkpoint: %s", sqlite3_errmsg (db));
}

/* With a connection for this once: an idle one would keep others from closing the file for good. */
static void
open_and_checkpoint (const char *path)
{
  sqlite3 *db = NULL;

  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK
      && sqlite3_exec (db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK)
    checkpoint_file (db);
  sqlite3_close (db);
}

static gpointer
run_checkpoints (gpointer data)
{
  VaDbSqliteCheckpoints *checkpoints = data;

  g_mutex_lock (&checkpoints->mutex);
  while (!checkpoints->stopped)
    if (checkpoints->due)
      {
        checkpoints->due = FALSE;
        g_mutex_unlock (&checkpoints->mutex);
        open_and_checkpoint (checkpoints->path);
        g_mutex_lock (&checkpoints->mutex);
      }
    else
      g_cond_wait (&checkpoints->changed, &checkpoints->mutex);
  g_mutex_unlock (&checkpoints->mutex);
  return NULL;
}

/* Lets the thread know if so. */
static gboolean
is_due (VaDbSqliteCheckpoints *checkpoints, int pages)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&checkpoints->mutex);

  if (pages < checkpoints->seen)
    checkpoints->seen = 0;
  if (pages - checkpoints->seen < VA_DB_SQLITE_CHECKPOINT_PAGES)
    return FALSE;
  checkpoints->seen = pages;
  checkpoints->due = pages < PAGES_MAX;
  if (checkpoints->thread == NULL && !checkpoints->stopped)
    checkpoints->thread = g_thread_new ("checkpoints", run_checkpoints, checkpoints);
  g_cond_signal (&checkpoints->changed);
  return TRUE;
}

/* After each commit; with what is written ahead by now. */
static int
on_commit (void *data, sqlite3 *db, const char *name, int pages)
{
  VaDbSqliteCheckpoints *checkpoints = data;

  (void) name;
  if (is_due (checkpoints, pages) && pages >= PAGES_MAX)
    checkpoint_file (db);
  return SQLITE_OK;
}

void
va_db_sqlite_checkpoints_watch (VaDbSqliteCheckpoints *checkpoints, sqlite3 *db)
{
  sqlite3_wal_hook (db, on_commit, checkpoints);
}

void
va_db_sqlite_checkpoints_stop (VaDbSqliteCheckpoints *checkpoints)
{
  GThread *thread;

  g_mutex_lock (&checkpoints->mutex);
  checkpoints->stopped = TRUE;
  thread = g_steal_pointer (&checkpoints->thread);
  g_cond_signal (&checkpoints->changed);
  g_mutex_unlock (&checkpoints->mutex);
  if (thread != NULL)
    g_thread_join (thread);
}

void
va_db_sqlite_checkpoints_free (VaDbSqliteCheckpoints *checkpoints)
{
  va_db_sqlite_checkpoints_stop (checkpoints);
  g_cond_clear (&checkpoints->changed);
  g_mutex_clear (&checkpoints->mutex);
  g_free (checkpoints->path);
  g_free (checkpoints);
}
