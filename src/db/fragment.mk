# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-db.la
libva_db_la_SOURCES = \
	src/db/backend.c src/db/backend.h \
	src/db/commit.c \
	src/db/connections.c \
	src/db/database.h \
	src/db/error.h \
	src/db/postgresql.c src/db/postgresql.h \
	src/db/postgresql-check.c src/db/postgresql-check.h \
	src/db/postgresql-link.c src/db/postgresql-link.h \
	src/db/sqlite.c src/db/sqlite.h \
	src/db/sqlite-checkpoint.c src/db/sqlite-checkpoint.h \
	src/db/sqlite-reserve.c src/db/sqlite-reserve.h \
	src/db/statement.c
libva_db_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
libva_db_la_LIBADD = libva-core.la $(SQLITE_LIBS) $(PQ_LIBS) $(GLIB_LIBS)
