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
  VaDb sql;
  VaDbLink link;
  GHashTable *prepared; /* SQL text, by address -> name of the prepared statement */
  guint changes;
  guint piped; /* statements in the pipeline, whose results nobody has read */
} PostgresqlConnection;

typedef struct {
  VaDbStatement base;
  PGresult *result;
  int row;
  gboolean streamed, ended;
} PostgresqlStatement;

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
type_of (const VaDbValue *value)
{
  return value->type == 't' ? OID_TEXT : value->type == 'b' ? OID_BYTES : OID_NUMBER;
}

/* Reads what the statements in the pipeline came to; the last one's result is %NULL when there is none. */
static gboolean
settle_pipeline (PostgresqlConnection *connection, PGresult **last, GError **error)
{
  guint count = connection->piped, good;

  *last = NULL;
  connection->piped = 0;
  if (count == 0)
    return TRUE;
  *last = va_db_link_finish_pipeline (&connection->link, count, &good, error);
  connection->sql.lost |= *last == NULL && good < count - 1;
  return *last != NULL;
}

/* The same where nobody asks for the last one: all of them were only sent. */
static gboolean
settle_sent (PostgresqlConnection *connection, GError **error)
{
  PGresult *last;
  gboolean well = settle_pipeline (connection, &last, error);

  PQclear (last);
  connection->sql.lost |= !well;
  return well;
}

/* Statements are kept by the address of their text: a text must be a literal, or live as long and never change. */
static const char *
prepare_on_server (PostgresqlConnection *connection, const char *text, const VaDbValue *values, guint length,
                   GError **error)
{
  const char *there = g_hash_table_lookup (connection->prepared, text);
  g_autofree char *numbered = NULL, *name = NULL;
  Oid types[VA_DB_VALUES_MAX];
  PGresult *result;

  if (there != NULL)
    return there;
  if (!settle_sent (connection, error))
    return NULL;
  for (guint i = 0; i < length; i++)
    types[i] = type_of (&values[i]);
  numbered = number_parameters (text);
  name = g_strdup_printf ("s%u", g_hash_table_size (connection->prepared));
  result = va_db_link_finish (&connection->link,
                              PQsendPrepare (connection->link.connection, name, numbered, (int) length, types), error);
  if (result == NULL)
    return NULL;
  PQclear (result);
  there = name;
  g_hash_table_insert (connection->prepared, (gpointer) text, g_steal_pointer (&name));
  return there;
}

static int
send_query (PostgresqlConnection *connection, const char *name, const VaDbValue *values, guint length)
{
  const char *data[VA_DB_VALUES_MAX];
  int sizes[VA_DB_VALUES_MAX], formats[VA_DB_VALUES_MAX];
  gint64 numbers[VA_DB_VALUES_MAX];

  for (guint i = 0; i < length; i++)
    {
      const VaDbValue *value = &values[i];

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
postgresql_send (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) sql;
  const char *name = prepare_on_server (connection, text, values, length, error);

  if (name == NULL)
    return FALSE;
  if ((connection->piped == 0 && PQenterPipelineMode (connection->link.connection) != 1)
      || send_query (connection, name, values, length) != 1)
    {
      connection->link.broken = TRUE;
      return va_db_link_finish (&connection->link, 0, error) != NULL;
    }
  connection->piped++;
  return TRUE;
}

/* The result of what was sent, behind what is in the pipeline already. */
static PGresult *
finish_query (PostgresqlConnection *connection, int sent, GError **error)
{
  PGresult *result;

  if (sent != 1 || connection->piped == 0)
    return va_db_link_finish (&connection->link, sent, error);
  connection->piped++;
  return settle_pipeline (connection, &result, error) ? result : NULL;
}

static VaDbStatement *
postgresql_query (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) sql;
  const char *name = prepare_on_server (connection, text, values, length, error);
  PostgresqlStatement *statement;
  PGresult *result = NULL;
  int sent;

  if (name == NULL)
    return NULL;
  sent = send_query (connection, name, values, length);
  if (!sql->streams || sent != 1 || PQsetSingleRowMode (connection->link.connection) != 1)
    {
      result = finish_query (connection, sent, error);
      if (result == NULL)
        return NULL;
      connection->changes = (guint) strtoul (PQcmdTuples (result), NULL, 10);
    }
  statement = g_new0 (PostgresqlStatement, 1);
  statement->base.sql = sql;
  statement->result = result;
  statement->streamed = result == NULL;
  statement->row = -1;
  return &statement->base;
}

/* Row by row, as the server sends them. */
static int
next_streamed (PostgresqlStatement *statement, GError **error)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) statement->base.sql;
  g_autoptr(GError) reason = NULL;

  for (;;)
    {
      g_clear_pointer (&statement->result, PQclear);
      statement->result = va_db_link_next (&connection->link, &reason);
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
postgresql_row (VaDbStatement *base, GError **error)
{
  PostgresqlStatement *statement = (PostgresqlStatement *) base;

  if (statement->streamed)
    return next_streamed (statement, error);
  return ++statement->row < PQntuples (statement->result) ? 1 : 0;
}

static void
postgresql_reset (VaDbStatement *base)
{
  PostgresqlStatement *statement = (PostgresqlStatement *) base;

  /* What the server still sends of it must be read, or it would answer the next question. */
  while (statement->streamed && !statement->ended)
    next_streamed (statement, NULL);
  PQclear (statement->result);
  g_free (statement);
}

static gboolean
postgresql_is_null (VaDbStatement *base, int column)
{
  const PostgresqlStatement *statement = (PostgresqlStatement *) base;

  return PQgetisnull (statement->result, statement->row, column) == 1;
}

static gconstpointer
postgresql_bytes (VaDbStatement *base, int column, gsize *size)
{
  const PostgresqlStatement *statement = (PostgresqlStatement *) base;

  *size = (gsize) PQgetlength (statement->result, statement->row, column);
  return PQgetvalue (statement->result, statement->row, column);
}

/* Big-endian, of 1 to 8 bytes as the column's type has it; 0 for NULL. */
static gint64
postgresql_number (VaDbStatement *base, int column)
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
postgresql_changes (VaDb *sql)
{
  return ((PostgresqlConnection *) sql)->changes;
}

static gboolean
postgresql_execute (VaDb *sql, const char *script, GError **error)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) sql;
  PGresult *result;

  if (!settle_sent (connection, error))
    return FALSE;
  result = va_db_link_finish (&connection->link, PQsendQuery (connection->link.connection, script), error);
  PQclear (result);
  return result != NULL;
}

static gboolean
postgresql_commit (VaDb *sql, GError **error)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) sql;
  int sent = PQsendQueryParams (connection->link.connection, "COMMIT", 0, NULL, NULL, NULL, NULL, BINARY);
  PGresult *result = finish_query (connection, sent, error);
  gboolean undone;

  if (result == NULL)
    return FALSE;
  /* Where an error went before, COMMIT undoes everything, and succeeds in that. */
  undone = !g_str_equal (PQcmdStatus (result), "COMMIT");
  PQclear (result);
  if (undone)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED, _("the store's database: the transaction was rolled back"));
  return !undone;
}

static void
postgresql_rollback (VaDb *sql)
{
  if (!settle_sent ((PostgresqlConnection *) sql, NULL))
    g_debug ("what the transaction had still to do failed, too");
  if (!postgresql_execute (sql, "ROLLBACK", NULL))
    g_debug ("the transaction could not be rolled back");
}

static gboolean
postgresql_begin (VaDb *sql, gboolean patient, GError **error)
{
  return postgresql_execute (sql, patient ? BEGIN : BEGIN_IMPATIENTLY, error);
}

static gboolean
postgresql_in_transaction (VaDb *sql)
{
  return PQtransactionStatus (((PostgresqlConnection *) sql)->link.connection) != PQTRANS_IDLE;
}

static gboolean
postgresql_alive (VaDb *sql)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) sql;
  gboolean usable = connection->piped > 0 ? !connection->link.broken : va_db_link_usable (&connection->link);

  sql->silent = connection->link.silent;
  return usable;
}

static void
postgresql_close (VaDb *sql)
{
  PostgresqlConnection *connection = (PostgresqlConnection *) sql;

  va_db_link_close (&connection->link);
  g_clear_pointer (&connection->prepared, g_hash_table_unref);
  g_free (connection);
}

static VaDb *
connect_server (gpointer url, GError **error)
{
  static const VaDbDriver driver = {
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
  PostgresqlConnection *connection = g_new0 (PostgresqlConnection, 1);

  connection->sql.driver = &driver;
  connection->prepared = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (va_db_link_open (&connection->link, url, error)
      && va_db_postgresql_check_server (connection->link.connection, error))
    {
      PQsetNoticeProcessor (connection->link.connection, ignore_notice, NULL);
      if (postgresql_execute (&connection->sql, SETTINGS, error))
        return &connection->sql;
    }
  postgresql_close (&connection->sql);
  return NULL;
}

typedef struct {
  const VaDbSchema *schema;
  gboolean present;
} PostgresqlMigration;

static gboolean
migrate_server (VaDb *sql, gpointer data, GError **error)
{
  const PostgresqlMigration *to = data;
  const VaDbSchema *schema = to->schema;
  gint64 there, version = 0;

  if (!sql->driver->execute (sql, "SET LOCAL statement_timeout = 0", error)
      || !va_db_read_number (sql, &there, error,
                             "SELECT count(*) FROM pg_class WHERE oid = to_regclass ('store_version')", "")
      || (there > 0 && !va_db_read_number (sql, &version, error, "SELECT version FROM store_version", ""))
      || !schema->check (version, to->present, error))
    return FALSE;
  if (to->present || version == schema->version)
    return TRUE;
  for (gint64 next = MAX (version + 1, schema->first); next <= schema->version; next++)
    if (!sql->driver->execute (sql, schema->scripts[next - schema->first], error))
      return FALSE;
  return va_db_run (sql, error, "UPDATE store_version SET version = ?", "i", schema->version);
}

VaDbBackend *
va_db_postgresql_open (const char *url, const VaDbSchema *schema, gboolean present, GError **error)
{
  PostgresqlMigration to = { schema, present };
  VaDbBackend *backend;

  if (!va_db_postgresql_check_url (url, error))
    return NULL;
  backend = va_db_backend_new (connect_server, g_strdup (url), g_free, READERS);
  backend->size_query = "SELECT pg_database_size (current_database ())";
  if (va_db_transact (backend, migrate_server, &to, NULL, error))
    return backend;
  va_db_backend_free (backend);
  return NULL;
}
