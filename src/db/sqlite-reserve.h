/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>

/*
 * A commit appends to SQLite's write-ahead log. While that file grows, each sync has to make its new size durable,
 * too, which takes about as long again as the data does. So the file gets its usual size when the store is opened, as
 * zeros: no frame of the log has their salt, so they are no part of it
 * (https://www.sqlite.org/fileformat2.html#walformat).
 */

/**
 * va_db_sqlite_reserve: makes the log of @db @bytes long, unless it is longer, or that would be a good part of what is
 * free on its disk. Nothing depends on it: what fails is left as it was.
 * @db: in a transaction that may write, so that nobody else appends
 */
void va_db_sqlite_reserve (sqlite3 *db, sqlite3_int64 bytes);
