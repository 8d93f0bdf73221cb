/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/postgresql.h"

#include <stdlib.h>
#include <string.h>
#include "core/i18n.h"
#include "db/postgresql-check.h"
#include "db/postgresql-link.h"
#include "db/database.h"

#define READERS 8
/* Of pg_type: they are part of the protocol and never change. */
#define OID_BYTES 17
#define OID_NUMBER 20
#define OID_TEXT 25
#define BINARY 1

/*
 * Nobody writes beside: a lock that all services on this database take. One that holds it and says nothing more loses
 * its session, and with it the lock, after the time below.
 */
#define LOCK "SELECT pg_advisory_xact_lock (1986085236)"
#define LOCK_TIMEOUT "4s"
#define BEGIN "BEGIN; " LOCK
#define BEGIN_IMPATIENTLY \
  "BEGIN; SET LOCAL lock_timeout = '50ms'; " LOCK "; SET LOCAL lock_timeout = '" LOCK_TIMEOUT "'"
#define SETTINGS \
  "SET client_min_messages = warning; SET statement_timeout = '4s'; SET lock_timeout = '" LOCK_TIMEOUT "';" \
  "SET idle_in_transaction_session_timeout = '5s'; SET synchronous_commit = on; SET standard_conforming_strings = on"

#define SNAPSHOT \
  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;" \
  "SET LOCAL idle_in_transaction_session_timeout = 0"

typedef struct {
  VaSql sql;
  VaLink link;
  GHashTable *prepared; /* SQL text, by address -> name of the prepared statement */
  guint changes;
  guint piped; /* statements in the pipeline, whose results nobody has read */
} Connection;

typedef struct {
  VaStatement base;
  PGresult *result;
  int row;
  gboolean streamed, ended;
} Statement;

static void
ignore_notice (void *data, const char *message)
{
  (void) data;
  g_debug ("PostgreSQL: %s", message);
}

/* "?" becomes "$1", "$2" … */
static char *
number_parameters (const char *text)
{
  GString *out = g_string_new (NULL);
  guint i = 0;

  for (; *text != '\0'; text++)
    if (*text == '?')
      g_string_append_printf (out, "$%u", ++i);
    else
      g_string_append_c (out, *text);
  return g_string_free (out, FALSE);
}

static Oid
type_of (const VaSqlValue *value)
{
  return value->type == 't' ? OID_TEXT : value->type == 'b' ? OID_BYTES : OID_NUMBER;
}

/* Reads what the statements in the pipeline came to; the last one's result is %NULL when there is none. */
static gboolean
settle (Connection *connection, PGresult **last, GError **error)
{
  guint count = connection->piped, good;

  *last = NULL;
  connection->piped = 0;
  if (count == 0)
    return TRUE;
  *last = va_link_finish_pipeline (&connection->link, count, &good, error);
  connection->sql.lost |= *last == NULL && good < count - 1;
  return *last != NULL;
}

/* The same where nobody asks for the last one: all of them were only sent. */
static gboolean
settle_sent (Connection *connection, GError **error)
{
  PGresult *last;
  gboolean well = settle (connection, &last, error);

  PQclear (last);
  connection->sql.lost |= !well;
  return well;
}

static const char *
prepare (Connection *connection, const char *text, const VaSqlValue *values, guint length, GError **error)
{
  const char *there = g_hash_table_lookup (connection->prepared, text);
  g_autofree char *numbered = NULL, *name = NULL;
  Oid types[VA_SQL_VALUES_MAX];
  PGresult *result;

  if (there != NULL)
    return there;
  if (!settle_sent (connection, error))
    return NULL;
  for (guint i = 0; i < length; i++)
    types[i] = type_of (&values[i]);
  numbered = number_parameters (text);
  name = g_strdup_printf ("s%u", g_hash_table_size (connection->prepared));
  result = va_link_finish (&connection->link,
                           PQsendPrepare (connection->link.connection, name, numbered, (int) length, types), error);
  if (result == NULL)
    return NULL;
  PQclear (result);
  there = name;
  g_hash_table_insert (connection->prepared, (gpointer) text, g_steal_pointer (&name));
  return there;
}

static int
send_query (Connection *connection, const char *name, const VaSqlValue *values, guint length)
{
  const char *data[VA_SQL_VALUES_MAX];
  int sizes[VA_SQL_VALUES_MAX], formats[VA_SQL_VALUES_MAX];
  gint64 numbers[VA_SQL_VALUES_MAX];

  for (guint i = 0; i < length; i++)
    {
      const VaSqlValue *value = &values[i];

      formats[i] = BINARY;
      numbers[i] = GINT64_TO_BE (value->number);
      switch (value->type)
        {
        case 'i':
          data[i] = (const char *) &numbers[i];
          sizes[i] = sizeof numbers[i];
          break;
        case 't':
          data[i] = value->text;
          sizes[i] = value->text != NULL ? (int) strlen (value->text) : 0;
          break;
        default: /* bytes, and a number that is NULL */
          data[i] = value->data;
          sizes[i] = (int) value->size;
        }
    }
  return PQsendQueryPrepared (connection->link.connection, name, (int) length, data, sizes, formats, BINARY);
}

static gboolean
postgresql_send (VaSql *sql, const char *text, const VaSqlValue *values, guint length, GError **error)
{
  Connection *connection = (Connection *) sql;
  const char *name = prepare (connection, text, values, length, error);

  if (name == NULL)
    return FALSE;
  if ((connection->piped == 0 && PQenterPipelineMode (connection->link.connection) != 1)
      || send_query (connection, name, values, length) != 1)
    {
      connection->link.broken = TRUE;
      return va_link_finish (&connection->link, 0, error) != NULL;
    }
  connection->piped++;
  return TRUE;
}

/* The result of what was sent, behind what is in the pipeline already. */
static PGresult *
finish (Connection *connection, int sent, GError **error)
{
  PGresult *result;

  if (sent != 1 || connection->piped == 0)
    return va_link_finish (&connection->link, sent, error);
  connection->piped++;
  return settle (connection, &result, error) ? result : NULL;
}

static VaStatement *
postgresql_query (VaSql *sql, const char *text, const VaSqlValue *values, guint length, GError **error)
{
  Connection *connection = (Connection *) sql;
  const char *name = prepare (connection, text, values, length, error);
  Statement *statement;
  PGresult *result = NULL;
  int sent;

  if (name == NULL)
    return NULL;
  sent = send_query (connection, name, values, length);
  if (!sql->streams || sent != 1 || PQsetSingleRowMode (connection->link.connection) != 1)
    {
      result = finish (connection, sent, error);
      if (result == NULL)
        return NULL;
      connection->changes = (guint) strtoul (PQcmdTuples (result), NULL, 10);
    }
  statement = g_new0 (Statement, 1);
  statement->base.sql = sql;
  statement->result = result;
  statement->streamed = result == NULL;
  statement->row = -1;
  return &statement->base;
}

/* Row by row, as the server sends them. */
static int
next_streamed (Statement *statement, GError **error)
{
  Connection *connection = (Connection *) statement->base.sql;
  g_autoptr(GError) reason = NULL;

  for (;;)
    {
      g_clear_pointer (&statement->result, PQclear);
      statement->result = va_link_next (&connection->link, &reason);
      statement->ended = statement->result == NULL;
      if (reason != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return -1;
        }
      if (statement->ended)
        return 0;
      if (PQntuples (statement->result) > 0)
        {
          statement->row = 0;
          return 1;
        }
    }
}

static int
postgresql_row (VaStatement *base, GError **error)
{
  Statement *statement = (Statement *) base;

  if (statement->streamed)
    return next_streamed (statement, error);
  return ++statement->row < PQntuples (statement->result) ? 1 : 0;
}

static void
postgresql_reset (VaStatement *base)
{
  Statement *statement = (Statement *) base;

  /* What the server still sends of it must be read, or it would answer the next question. */
  while (statement->streamed && !statement->ended)
    next_streamed (statement, NULL);
  PQclear (statement->result);
  g_free (statement);
}

static gboolean
postgresql_is_null (VaStatement *base, int column)
{
  const Statement *statement = (Statement *) base;

  return PQgetisnull (statement->result, statement->row, column) == 1;
}

static gconstpointer
postgresql_bytes (VaStatement *base, int column, gsize *size)
{
  const Statement *statement = (Statement *) base;

  *size = (gsize) PQgetlength (statement->result, statement->row, column);
  return PQgetvalue (statement->result, statement->row, column);
}

/* Big-endian, of 1 to 8 bytes as the column's type has it; 0 for NULL. */
static gint64
postgresql_number (VaStatement *base, int column)
{
  gsize size;
  const guint8 *data = postgresql_bytes (base, column, &size);
  guint64 number = size > 0 && (data[0] & 0x80) != 0 ? G_MAXUINT64 : 0;

  if (postgresql_is_null (base, column) || size > sizeof number)
    return 0;
  for (gsize i = 0; i < size; i++)
    number = number << 8 | data[i];
  return (gint64) number;
}

static guint
postgresql_changes (VaSql *sql)
{
  return ((Connection *) sql)->changes;
}

static gboolean
postgresql_execute (VaSql *sql, const char *script, GError **error)
{
  Connection *connection = (Connection *) sql;
  PGresult *result;

  if (!settle_sent (connection, error))
    return FALSE;
  result = va_link_finish (&connection->link, PQsendQuery (connection->link.connection, script), error);
  PQclear (result);
  return result != NULL;
}

static gboolean
postgresql_commit (VaSql *sql, GError **error)
{
  Connection *connection = (Connection *) sql;
  int sent = PQsendQueryParams (connection->link.connection, "COMMIT", 0, NULL, NULL, NULL, NULL, BINARY);
  PGresult *result = finish (connection, sent, error);
  gboolean undone;

  if (result == NULL)
    return FALSE;
  /* Where an error went before, COMMIT undoes everything, and succeeds in that. */
  undone = !g_str_equal (PQcmdStatus (result), "COMMIT");
  PQclear (result);
  if (undone)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED, _("the store's database: the transaction was undone"));
  return !undone;
}

static void
postgresql_rollback (VaSql *sql)
{
  if (!settle_sent ((Connection *) sql, NULL))
    g_debug ("what the transaction had still to do failed, too");
  if (!postgresql_execute (sql, "ROLLBACK", NULL))
    g_debug ("the transaction could not be rolled back");
}

static gboolean
postgresql_begin (VaSql *sql, gboolean patient, GError **error)
{
  return postgresql_execute (sql, patient ? BEGIN : BEGIN_IMPATIENTLY, error);
}

static gboolean
postgresql_in_transaction (VaSql *sql)
{
  return PQtransactionStatus (((Connection *) sql)->link.connection) != PQTRANS_IDLE;
}

static gboolean
postgresql_alive (VaSql *sql)
{
  Connection *connection = (Connection *) sql;
  gboolean usable = connection->piped > 0 ? !connection->link.broken : va_link_usable (&connection->link);

  sql->silent = connection->link.silent;
  return usable;
}

static void
postgresql_close (VaSql *sql)
{
  Connection *connection = (Connection *) sql;

  va_link_close (&connection->link);
  g_clear_pointer (&connection->prepared, g_hash_table_unref);
  g_free (connection);
}

static VaSql *
connect_to (gpointer url, GError **error)
{
  static const VaSqlDriver driver = {
    .query = postgresql_query,
    .send = postgresql_send,
    .row = postgresql_row,
    .reset = postgresql_reset,
    .is_null = postgresql_is_null,
    .number = postgresql_number,
    .bytes = postgresql_bytes,
    .changes = postgresql_changes,
    .execute = postgresql_execute,
    .begin = postgresql_begin,
    .commit = postgresql_commit,
    .rollback = postgresql_rollback,
    .in_transaction = postgresql_in_transaction,
    .alive = postgresql_alive,
    .close = postgresql_close,
    .snapshot = SNAPSHOT,
  };
  Connection *connection = g_new0 (Connection, 1);

  connection->sql.driver = &driver;
  connection->prepared = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (va_link_open (&connection->link, url, error) && va_postgresql_check_server (connection->link.connection, error))
    {
      PQsetNoticeProcessor (connection->link.connection, ignore_notice, NULL);
      if (postgresql_execute (&connection->sql, SETTINGS, error))
        return &connection->sql;
    }
  postgresql_close (&connection->sql);
  return NULL;
}

typedef struct {
  const VaSqlSchema *schema;
  gboolean present;
} Migration;

static gboolean
migrate (VaSql *sql, gpointer data, GError **error)
{
  const Migration *to = data;
  const VaSqlSchema *schema = to->schema;
  gint64 there, version = 0;

  if (!sql->driver->execute (sql, "SET LOCAL statement_timeout = 0", error)
      || !va_sql_read_number (sql, &there, error,
                              "SELECT count(*) FROM pg_class WHERE oid = to_regclass ('store_version')", "")
      || (there > 0 && !va_sql_read_number (sql, &version, error, "SELECT version FROM store_version", ""))
      || !schema->check (version, to->present, error))
    return FALSE;
  if (to->present || version == schema->version)
    return TRUE;
  for (gint64 next = MAX (version + 1, schema->first); next <= schema->version; next++)
    if (!sql->driver->execute (sql, schema->scripts[next - schema->first], error))
      return FALSE;
  return va_sql_run (sql, error, "UPDATE store_version SET version = ?", "i", schema->version);
}

VaBackend *
va_postgresql_open (const char *url, const VaSqlSchema *schema, gboolean present, GError **error)
{
  Migration to = { schema, present };
  VaBackend *backend;

  if (!va_postgresql_check_url (url, error))
    return NULL;
  backend = va_sql_backend_new (connect_to, g_strdup (url), g_free, READERS);
  backend->size_query = "SELECT pg_database_size (current_database ())";
  if (va_sql_transact (backend, migrate, &to, NULL, error))
    return backend;
  va_sql_backend_free (backend);
  return NULL;
}
