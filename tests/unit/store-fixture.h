/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"

/*
 * A store for each test: an SQLite database in a folder of its own; or, where VA_TEST_POSTGRESQL has the URL of a
 * server (tests/lib/postgresql.py), a PostgreSQL database of its own.
 */
G_BEGIN_DECLS

#define VM "11111111-2222-3333-4444-555555555555"

typedef struct {
  char *folder, *path; /* path: of the database, SQLite only */
  char *place, *key;   /* key: of the file of the key-encryption key */
  VaKek *kek;
  VaStore *store;
} Fixture;

/** ADD_STORE_TEST: a test with a store of its own, called /store/PATH. */
#define ADD_STORE_TEST(path, function) g_test_add ("/store/" path, Fixture, NULL, set_up, function, tear_down)

/** on_postgresql: whether there is a server. */
gboolean on_postgresql (void);
/** try_to_open: the key from its file, and the store; FALSE with @error, and neither. */
gboolean try_to_open (Fixture *fixture, GError **error);
void open_store (Fixture *fixture);
void close_store (Fixture *fixture);
void reopen (Fixture *fixture);
void set_up (Fixture *fixture, gconstpointer data);
void tear_down (Fixture *fixture, gconstpointer data);
/** tamper: does to the database what an intruder could do; @sql must change something. */
void tamper (const Fixture *fixture, const char *sql);
/** ask_database: the number that @sql gives. */
gint64 ask_database (const Fixture *fixture, const char *sql);

/** Objects of alice's, or of @owner's. */
void put_secret (VaStore *store, const char *owner, const char *name, const char *value);
gboolean put_vm (VaStore *store, const char *owner, const char *const *secrets, const char *const *hashes,
                 GError **error);
guint64 version_of (VaStore *store);
void assert_counts (VaStore *store, guint64 launches, guint64 running);
gboolean make_launch (VaStore *store, const char *id, guint64 version, gint64 created, guint64 max_launches,
                      guint64 max_running, GError **error);
/** move_launch: into @state, whatever that does to it. */
void move_launch (VaStore *store, const char *id, VaLaunchState state);

G_END_DECLS
