/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/error.h"

/*
 * One backend for every SQL database: the operations are written once, in what SQL their databases have in common, in
 * a file for each resource; a driver runs the statements. Parameters are "?".
 */
G_BEGIN_DECLS

/** What has been done since the backend was made. */
typedef struct {
  gboolean up;          /* whether the database answered last time */
  guint64 transactions; /* with a change */
  guint64 commits;      /* one for all that waited at the same time */
  guint64 failures;     /* commits that failed */
  guint64 connects;     /* connections that were tried */
  gdouble seconds;      /* of all commits together */
} VaDbStatistics;

/** The tables' versions. */
typedef struct {
  const char *const *scripts; /* for @first, which makes everything, and for each version after it, up to @version */
  gint64 first, version;
  guint32 mark; /* SQLite's application_id */
  /* Whether the program can work with the tables' @version; 0: there are none. @present: without changing them */
  gboolean (*check) (gint64 version, gboolean present, GError **error);
} VaDbSchema;

typedef struct _VaDbBackend VaDbBackend;
/** A connection, used by one thread at a time. */
typedef struct _VaDb VaDb;
/** The rows of a statement; given back when its variable goes. */
typedef struct _VaDbStatement VaDbStatement;
/** va_db_statement_reset: gives the statement back, with its rows; %NULL is nothing. */
void va_db_statement_reset (VaDbStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaDbStatement, va_db_statement_reset)

/** One parameter: a text (%NULL: NULL), a number, or bytes (data %NULL: NULL). */
typedef struct {
  char type; /* t, i, b, or k: a number that is NULL */
  const char *text;
  gint64 number;
  gconstpointer data;
  gsize size;
} VaDbValue;

#define VA_DB_VALUES_MAX 32

/** What a database has to do. Every function that fails sets VA_DB_ERROR_FAILED, or _REFERENCE. */
typedef struct {
  /* @values live until the statement is reset; @text is a literal */
  VaDbStatement *(*query) (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error);
  /* A statement without rows, as for va_db_send(). */
  gboolean (*send) (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error);
  int (*row) (VaDbStatement *statement, GError **error);
  void (*reset) (VaDbStatement *statement);
  gboolean (*is_null) (VaDbStatement *statement, int column);
  gint64 (*number) (VaDbStatement *statement, int column);
  gconstpointer (*bytes) (VaDbStatement *statement, int column, gsize *size); /* of texts and of bytes, borrowed */
  guint (*changes) (VaDb *sql);
  /* Several statements without parameters or rows. */
  gboolean (*execute) (VaDb *sql, const char *script, GError **error);
  /* A transaction that nobody else writes beside, in this process or another, until it ends. @patient: waits some
     seconds for somebody else who does; otherwise a moment */
  gboolean (*begin) (VaDb *sql, gboolean patient, GError **error);
  gboolean (*commit) (VaDb *sql, GError **error);
  void (*rollback) (VaDb *sql);
  /* FALSE: the database has ended the transaction by itself. */
  gboolean (*in_transaction) (VaDb *sql);
  /* FALSE: the connection is gone, and of no more use. */
  gboolean (*alive) (VaDb *sql);
  void (*close) (VaDb *sql);
  const char *snapshot; /* begins a transaction that reads everything as it is at one moment, for as long as it takes */
} VaDbDriver;

#define VA_DB_NOTES_SIZE 64
/** What hooks remember of a transaction: zeros at its begin; as they were before the job when one is undone. */
typedef struct {
  _Alignas(8) guint8 data[VA_DB_NOTES_SIZE];
} VaDbNotes;

/** What is common to the connections of all drivers. */
struct _VaDb {
  const VaDbDriver *driver;
  VaDbBackend *backend; /* that it is a connection of */
  gboolean silent;      /* no more alive, because the database did not answer in time */
  gboolean lost;        /* what va_db_send() gave failed later: the transaction can only be rolled back */
  gboolean streams;     /* rows come one by one, and nothing else is asked before the last; for very many */
  VaDbNotes notes;
};

struct _VaDbStatement {
  VaDb *sql;
};

/** Opens another connection. */
typedef VaDb *(*VaDbConnect) (gpointer place, GError **error);

/**
 * va_db_backend_new: @connect with @place gives connections: one that writes, and up to @readers that read; a lost one
 * is replaced by the next call that needs it.
 * @place: (transfer full): freed with @free_place
 */
VaDbBackend *va_db_backend_new (VaDbConnect connect, gpointer place, GDestroyNotify free_place, guint readers);
void va_db_backend_free (VaDbBackend *backend);
/** va_db_statistics: since it was made. */
void va_db_statistics (VaDbBackend *backend, VaDbStatistics *out);

/**
 * va_db_query: @text with its parameters bound. @sql may be %NULL: then nothing, @error is set already.
 * @text: a literal: each connection keeps the prepared statement by the address of its text, so a text that was made
 *   for one call would be taken for another statement when something else has that address later
 * @types: one letter a parameter: t (const char *, may be %NULL), i (gint64), k (gint64, 0: NULL), b (GBytes *, may be
 *   %NULL), m (gconstpointer, gsize); all of them must live until the statement is reset
 */
VaDbStatement *va_db_query (VaDb *sql, GError **error, const char *text, const char *types, ...);
/** va_db_value_set_bytes: @bytes may be %NULL, and must live as long as the value. */
void va_db_value_set_bytes (VaDbValue *value, GBytes *bytes);
/** va_db_query_values, va_db_send_values: the same as va_db_query() and va_db_send() with values that are there. */
VaDbStatement *va_db_query_values (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error);
gboolean va_db_send_values (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_db_row: moves to the next row. Returns: 1: there it is; 0: no more; -1: @error is set. */
int va_db_row (VaDbStatement *statement, GError **error);
/** va_db_run: a whole statement without rows; parameters as for va_db_query(). */
#define va_db_run(sql, error, ...) va_db_finish (va_db_query ((sql), (error), __VA_ARGS__), (error))
/** va_db_finish: a statement without rows, to its end; what va_db_run() does last. */
gboolean va_db_finish (VaDbStatement *statement, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_db_read_number: what a query for one number in one row gives; parameters as for va_db_query(). */
#define va_db_read_number(sql, number, error, ...) \
  va_db_take_number (va_db_query ((sql), (error), __VA_ARGS__), (number), (error))
/** va_db_take_number: the number in its only row; what va_db_read_number() does last. */
gboolean va_db_take_number (VaDbStatement *statement, gint64 *number, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_db_send: a whole statement without rows, within a transaction; parameters as for va_db_query(), which need not
 * live longer than this call. A database that is some way off is not waited for: what fails then fails the next call
 * that waits, at the latest the commit, and all of the transaction with it. So it is for what fails only with the
 * whole database, or for the data key's being replaced.
 */
gboolean va_db_send (VaDb *sql, GError **error, const char *text, const char *types, ...) G_GNUC_WARN_UNUSED_RESULT;
/** va_db_changes: rows that the last statement changed. */
guint va_db_changes (VaDb *sql);
/** va_db_list: every row of @statement through @read; frees nothing of @statement. */
GPtrArray *va_db_list (VaDbStatement *statement, gpointer (*read) (VaDbStatement *), GDestroyNotify free,
                       GError **error);

/**
 * va_db_column_text: Columns. Texts and bytes are (transfer full), %NULL for NULL. A text is always UTF-8: whoever
 * writes to the database
 * can put anything there, and what is not UTF-8 is replaced by U+FFFD. So a text that is part of something sealed or
 * digested is not what was, and does not open.
 */
char *va_db_column_text (VaDbStatement *statement, int column);
/** va_db_column_bytes: the same of bytes. Returns: (transfer full). */
GBytes *va_db_column_bytes (VaDbStatement *statement, int column);
/**
 * va_db_column_needed_text: Columns that the tables have as NOT NULL, which whoever writes to the database can drop:
 * never %NULL. An empty
 * value, which was not written there either, takes the place of NULL; nothing sealed opens beside it.
 */
char *va_db_column_needed_text (VaDbStatement *statement, int column);
/** va_db_column_needed_bytes: the same of bytes. Returns: (transfer full). */
GBytes *va_db_column_needed_bytes (VaDbStatement *statement, int column);
/** va_db_column_number: 0 for NULL. */
gint64 va_db_column_number (VaDbStatement *statement, int column);
/** va_db_column_is_null: whether there is nothing in it. */
gboolean va_db_column_is_null (VaDbStatement *statement, int column);

/** A connection to read with; given back when its variable goes. */
typedef VaDb VaDbReader;
/** va_db_reader: waits for one, for a bounded time. Returns: %NULL with @error when there is none */
VaDbReader *va_db_reader (VaDbBackend *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_db_reader_return: for the next one who waits. */
void va_db_reader_return (VaDbReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaDbReader, va_db_reader_return)

typedef gboolean (*VaDbWork) (VaDb *sql, gpointer data, GError **error);
/** What is done in every transaction of a backend, by those who know its tables. */
typedef struct {
  /* After a job's work, with the @entry that it was given; FALSE undoes the job. */
  gboolean (*end_job) (VaDb *sql, gpointer entry, GError **error);
  /* What @sql has done in its transaction is durable now. */
  void (*committed) (VaDb *sql);
} VaDbHooks;

struct _VaDbBackend {
  const VaDbHooks *hooks; /* %NULL: none */
  gpointer owner;         /* of those who set the hooks; freed with @free_owner */
  GDestroyNotify free_owner;
  const char *size_query; /* SQL for the database's bytes, without what would be used again first */
};

/**
 * va_db_transact: @work and what the hooks do with @entry, durable together; or nothing of it when one of them fails.
 * Transactions of several threads that wait at the same time become durable with one commit. @work may run in another
 * thread than the caller's, which waits.
 * @entry: for the hooks, looked at after @work; %NULL: none
 */
gboolean va_db_transact (VaDbBackend *backend, VaDbWork work, gpointer data, gpointer entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_db_transact_large: the same, for what takes long to write: by itself, and in turns with all others. */
gboolean va_db_transact_large (VaDbBackend *backend, VaDbWork work, gpointer data, gpointer entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
