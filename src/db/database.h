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
} VaSqlStatistics;

/** The tables' versions. */
typedef struct {
  const char *const *scripts; /* for @first, which makes everything, and for each version after it, up to @version */
  gint64 first, version;
  guint32 mark; /* SQLite's application_id */
  /* Whether the program can work with the tables' @version; 0: there are none. @present: without changing them */
  gboolean (*check) (gint64 version, gboolean present, GError **error);
} VaSqlSchema;

typedef struct _VaBackend VaBackend;
/** A connection, used by one thread at a time. */
typedef struct _VaSql VaSql;
/** The rows of a statement; given back when its variable goes. */
typedef struct _VaStatement VaStatement;
void va_statement_reset (VaStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStatement, va_statement_reset)

/** One parameter: a text (%NULL: NULL), a number, or bytes (data %NULL: NULL). */
typedef struct {
  char type; /* t, i, b, or k: a number that is NULL */
  const char *text;
  gint64 number;
  gconstpointer data;
  gsize size;
} VaSqlValue;

#define VA_SQL_VALUES_MAX 32

/** What a database has to do. Every function that fails sets VA_DB_ERROR_FAILED, or _REFERENCE. */
typedef struct {
  /* @values live until the statement is reset; @text is a literal */
  VaStatement *(*query) (VaSql *sql, const char *text, const VaSqlValue *values, guint length, GError **error);
  /* A statement without rows, as for va_sql_send(). */
  gboolean (*send) (VaSql *sql, const char *text, const VaSqlValue *values, guint length, GError **error);
  int (*row) (VaStatement *statement, GError **error);
  void (*reset) (VaStatement *statement);
  gboolean (*is_null) (VaStatement *statement, int column);
  gint64 (*number) (VaStatement *statement, int column);
  gconstpointer (*bytes) (VaStatement *statement, int column, gsize *size); /* of texts and of bytes, borrowed */
  guint (*changes) (VaSql *sql);
  /* Several statements without parameters or rows. */
  gboolean (*execute) (VaSql *sql, const char *script, GError **error);
  /* A transaction that nobody else writes beside, in this process or another, until it ends. @patient: waits some
     seconds for somebody else who does; otherwise a moment */
  gboolean (*begin) (VaSql *sql, gboolean patient, GError **error);
  gboolean (*commit) (VaSql *sql, GError **error);
  void (*rollback) (VaSql *sql);
  /* FALSE: the database has ended the transaction by itself. */
  gboolean (*in_transaction) (VaSql *sql);
  /* FALSE: the connection is gone, and of no more use. */
  gboolean (*alive) (VaSql *sql);
  void (*close) (VaSql *sql);
  const char *snapshot; /* begins a transaction that reads everything as it is at one moment, for as long as it takes */
} VaSqlDriver;

#define VA_SQL_NOTES_SIZE 64
/** What hooks remember of a transaction: zeros at its begin; as they were before the job when one is undone. */
typedef struct {
  _Alignas(8) guint8 data[VA_SQL_NOTES_SIZE];
} VaSqlNotes;

/** What is common to the connections of all drivers. */
struct _VaSql {
  const VaSqlDriver *driver;
  VaBackend *backend; /* that it is a connection of */
  gboolean silent;    /* no more alive, because the database did not answer in time */
  gboolean lost;      /* what va_sql_send() gave failed later: the transaction can only be rolled back */
  gboolean streams;   /* rows come one by one, and nothing else is asked before the last; for very many */
  VaSqlNotes notes;
};

struct _VaStatement {
  VaSql *sql;
};

/** Opens another connection. */
typedef VaSql *(*VaSqlConnect) (gpointer place, GError **error);

/**
 * va_sql_backend_new: @connect with @place gives connections: one that writes, and up to @readers that read; a lost one
 * is replaced by the next call that needs it.
 * @place: (transfer full): freed with @free_place
 */
VaBackend *va_sql_backend_new (VaSqlConnect connect, gpointer place, GDestroyNotify free_place, guint readers);
void va_sql_backend_free (VaBackend *backend);
/** va_sql_statistics: since it was made. */
void va_sql_statistics (VaBackend *backend, VaSqlStatistics *out);

/**
 * va_sql_query: @text (a literal) with its parameters bound. @sql may be %NULL: then nothing, @error is set already.
 * @types: one letter a parameter: t (const char *, may be %NULL), i (gint64), k (gint64, 0: NULL), b (GBytes *, may be
 *   %NULL), m (gconstpointer, gsize); all of them must live until the statement is reset
 */
VaStatement *va_sql_query (VaSql *sql, GError **error, const char *text, const char *types, ...);
/** va_sql_row: moves to the next row. Returns: 1: there it is; 0: no more; -1: @error is set. */
int va_sql_row (VaStatement *statement, GError **error);
/** va_sql_run: a whole statement without rows; parameters as for va_sql_query(). */
#define va_sql_run(sql, error, ...) va_sql_finish (va_sql_query ((sql), (error), __VA_ARGS__), (error))
gboolean va_sql_finish (VaStatement *statement, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sql_read_number: what a query for one number in one row gives; parameters as for va_sql_query(). */
#define va_sql_read_number(sql, number, error, ...) \
  va_sql_take_number (va_sql_query ((sql), (error), __VA_ARGS__), (number), (error))
gboolean va_sql_take_number (VaStatement *statement, gint64 *number, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sql_send: a whole statement without rows, within a transaction; parameters as for va_sql_query(), which need not
 * live longer than this call. A database that is some way off is not waited for: what fails then fails the next call
 * that waits, at the latest the commit, and all of the transaction with it. So it is for what fails only with the
 * whole database, or for the data key's being replaced.
 */
gboolean va_sql_send (VaSql *sql, GError **error, const char *text, const char *types, ...) G_GNUC_WARN_UNUSED_RESULT;
/** va_sql_changes: rows that the last statement changed. */
guint va_sql_changes (VaSql *sql);
/** va_sql_list: every row of @statement through @read; frees nothing of @statement. */
GPtrArray *va_sql_list (VaStatement *statement, gpointer (*read) (VaStatement *), GDestroyNotify free, GError **error);

/**
 * Columns. Texts and bytes are (transfer full), %NULL for NULL. A text is always UTF-8: whoever writes to the database
 * can put anything there, and what is not UTF-8 is replaced by U+FFFD. So a text that is part of something sealed or
 * digested is not what was, and does not open.
 */
char *va_column_text (VaStatement *statement, int column);
GBytes *va_column_bytes (VaStatement *statement, int column);
/**
 * Columns that the tables have as NOT NULL, which whoever writes to the database can drop: never %NULL. An empty
 * value, which was not written there either, takes the place of NULL; nothing sealed opens beside it.
 */
char *va_column_needed_text (VaStatement *statement, int column);
GBytes *va_column_needed_bytes (VaStatement *statement, int column);
gint64 va_column_number (VaStatement *statement, int column);
gboolean va_column_is_null (VaStatement *statement, int column);

/** A connection to read with; given back when its variable goes. */
typedef VaSql VaSqlReader;
/** va_sql_reader: waits for one, for a bounded time. Returns: %NULL with @error when there is none */
VaSqlReader *va_sql_reader (VaBackend *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_sql_reader_return (VaSqlReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaSqlReader, va_sql_reader_return)

typedef gboolean (*VaSqlWork) (VaSql *sql, gpointer data, GError **error);
/** What is done in every transaction of a backend, by those who know its tables. */
typedef struct {
  /* After a job's work, with the @entry that it was given; FALSE undoes the job. */
  gboolean (*end_job) (VaSql *sql, gpointer entry, GError **error);
  /* What @sql has done in its transaction is durable now. */
  void (*committed) (VaSql *sql);
} VaSqlHooks;

struct _VaBackend {
  const VaSqlHooks *hooks; /* %NULL: none */
  gpointer owner;          /* of those who set the hooks; freed with @free_owner */
  GDestroyNotify free_owner;
  const char *size_query; /* SQL for the database's bytes, without what would be used again first */
};

/**
 * va_sql_transact: @work and what the hooks do with @entry, durable together; or nothing of it when one of them fails.
 * Transactions of several threads that wait at the same time become durable with one commit. @work may run in another
 * thread than the caller's, which waits.
 * @entry: for the hooks, looked at after @work; %NULL: none
 */
gboolean va_sql_transact (VaBackend *backend, VaSqlWork work, gpointer data, gpointer entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_sql_transact_large: the same, for what takes long to write: by itself, and in turns with all others. */
gboolean va_sql_transact_large (VaBackend *backend, VaSqlWork work, gpointer data, gpointer entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
