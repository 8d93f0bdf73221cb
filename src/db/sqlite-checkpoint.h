/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * What SQLite has written ahead goes into the database's file now and then, which takes two syncs and all its pages. A
 * thread of its own does that, so that no transaction, and nobody who waits for it, has to.
 */
/* Written ahead, of 4 KiB: some 300 launches by themselves, of which one takes longer, for the thread needs the disk
   too. */
#define VA_DB_SQLITE_CHECKPOINT_PAGES 4000

typedef struct _VaDbSqliteCheckpoints VaDbSqliteCheckpoints;

/** va_db_sqlite_checkpoints_new: starts the thread. @path: of the database. */
VaDbSqliteCheckpoints *va_db_sqlite_checkpoints_new (const char *path);
/** va_db_sqlite_checkpoints_path: borrowed */
const char *va_db_sqlite_checkpoints_path (const VaDbSqliteCheckpoints *checkpoints);
/** va_db_sqlite_checkpoints_watch: from now on the commits of @db cause them, in place of SQLite's own ones. */
void va_db_sqlite_checkpoints_watch (VaDbSqliteCheckpoints *checkpoints, sqlite3 *db);
/** va_db_sqlite_checkpoints_stop: waits until the thread has ended; there is no other after that. */
void va_db_sqlite_checkpoints_stop (VaDbSqliteCheckpoints *checkpoints);
/** va_db_sqlite_checkpoints_free: stops it first. No connection that it watches may be in use any more. */
void va_db_sqlite_checkpoints_free (VaDbSqliteCheckpoints *checkpoints);

G_END_DECLS
