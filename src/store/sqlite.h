/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>
#include "store/backend.h"

G_BEGIN_DECLS

/** va_sqlite_open: see va_store_open(). Returns: (transfer full): closed with its class's close(). */
VaBackend *va_sqlite_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * For the files of this backend. One connection, used by one thread at a time; statements are compiled once.
 */
typedef struct {
  GMutex mutex;
  sqlite3 *db;
  GHashTable *statements; /* SQL text, by address -> sqlite3_stmt */
} VaSqliteConnection;

/** The backend: writers and readers do not wait for each other (WAL). */
typedef struct {
  VaBackend base;
  VaSqliteConnection writer, reader;
} VaSqlite;

/** A statement in use; reset, so that it can be used again, when its variable goes. */
typedef sqlite3_stmt VaStatement;
void va_statement_reset (VaStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStatement, va_statement_reset)

/**
 * va_sqlite_query: @sql (a literal) with its parameters bound.
 * @types: one letter a parameter: t (const char *, may be %NULL), i (gint64), b (GBytes *, may be %NULL),
 *   m (gconstpointer, gsize); all of them must live until the statement is reset
 */
VaStatement *va_sqlite_query (VaSqliteConnection *connection, GError **error, const char *sql, const char *types, ...);
/** va_sqlite_row: moves to the next row. Returns: 1: there it is; 0: no more; -1: @error is set. */
int va_sqlite_row (VaStatement *statement, GError **error);
/** va_sqlite_run: a whole statement without rows; parameters as for va_sqlite_query(). */
#define va_sqlite_run(connection, error, ...) \
  va_sqlite_finish (va_sqlite_query ((connection), (error), __VA_ARGS__), (error))
gboolean va_sqlite_finish (VaStatement *statement, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sqlite_changes: rows that the last statement changed. */
guint va_sqlite_changes (VaSqliteConnection *connection);

/** Columns. Texts are (transfer full), %NULL for NULL. */
char *va_column_text (VaStatement *statement, int column);
GBytes *va_column_bytes (VaStatement *statement, int column);
gint64 va_column_number (VaStatement *statement, int column);
gboolean va_column_is_null (VaStatement *statement, int column);

/** A reading: from va_sqlite_reader() to the end of the locker's scope. */
#define va_sqlite_reader(backend) (&((VaSqlite *) (backend))->reader)
/**
 * va_sqlite_transact: BEGIN IMMEDIATE, @work, @entry into the audit log, COMMIT; or nothing of it when one of them fails.
 * @entry: as for va_sqlite_note(), looked at after @work
 */
typedef gboolean (*VaSqliteWork) (VaSqliteConnection *connection, gpointer data, GError **error);
gboolean va_sqlite_transact (VaBackend *backend, VaSqliteWork work, gpointer data, JsonObject *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_sqlite_note: a record at the audit log's end. @entry: see store.h; %NULL, or without a "result": none. */
gboolean va_sqlite_note (VaSqliteConnection *connection, JsonObject *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sqlite_list: every row of @statement through @read; frees nothing of @statement. */
GPtrArray *va_sqlite_list (VaStatement *statement, gpointer (*read) (VaStatement *), GDestroyNotify free,
                           GError **error);

/** The groups of operations, each in a file of its own, put into the class by va_sqlite_open(). */
void va_sqlite_add_objects (VaBackendClass *class);
void va_sqlite_add_registrations (VaBackendClass *class);
void va_sqlite_add_launches (VaBackendClass *class);
void va_sqlite_add_audit (VaBackendClass *class);
void va_sqlite_add_proposals (VaBackendClass *class);
/** Errors: CHANGED unless @id has this version (0: is not there); NOT_FOUND: it is another owner's. */
gboolean va_sqlite_check_version (VaSqliteConnection *connection, const char *id, const char *owner, guint64 version,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Removes the proposal with @digest, which must be there, or whichever there is for %NULL. */
gboolean va_sqlite_take_proposal (VaSqliteConnection *connection, const char *vm, const char *digest, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Expires open and waiting launches that are due, inside a transaction that is running. */
gboolean va_sqlite_expire (VaSqliteConnection *connection, gint64 now, guint *count, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Refuses all waiting launches of @vm for the reason that its registration was replaced. */
gboolean va_sqlite_outdate (VaSqliteConnection *connection, const char *vm, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Refuses all open and waiting launches of @vm for the reason that its registration went. */
gboolean va_sqlite_orphan (VaSqliteConnection *connection, const char *vm, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
