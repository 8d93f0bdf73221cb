/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/sql-private.h"

#define READER_WAIT (4 * G_USEC_PER_SEC) /* a host waits for no answer longer than 8 s */

void
va_statement_reset (VaStatement *statement)
{
  if (statement != NULL)
    statement->sql->driver->reset (statement);
}

static void
set_bytes (VaSqlValue *value, GBytes *bytes)
{
  value->type = 'b';
  if (bytes == NULL)
    return;
  value->data = g_bytes_get_data (bytes, &value->size);
  if (value->data == NULL)
    value->data = "";
}

static guint
collect (VaSqlValue values[VA_SQL_VALUES_MAX], const char *types, va_list args)
{
  guint length = (guint) strlen (types);

  g_assert (length <= VA_SQL_VALUES_MAX);
  for (guint i = 0; i < length; i++)
    {
      values[i].type = types[i];
      switch (types[i])
        {
        case 't':
          values[i].text = va_arg (args, const char *);
          break;
        case 'i':
          values[i].number = va_arg (args, gint64);
          break;
        case 'k': /* NULL for 0 */
          values[i].number = va_arg (args, gint64);
          values[i].type = values[i].number != 0 ? 'i' : 'k';
          break;
        case 'b':
          set_bytes (&values[i], va_arg (args, GBytes *));
          break;
        case 'm':
          values[i].type = 'b';
          values[i].data = va_arg (args, gconstpointer);
          values[i].size = va_arg (args, gsize);
          break;
        default:
          g_error ("no parameter of type “%c”", types[i]);
        }
    }
  return length;
}

VaStatement *
va_sql_query (VaSql *sql, GError **error, const char *text, const char *types, ...)
{
  VaSqlValue values[VA_SQL_VALUES_MAX] = { 0 };
  guint length;
  va_list args;

  if (sql == NULL)
    return NULL;
  va_start (args, types);
  length = collect (values, types, args);
  va_end (args);
  return sql->driver->query (sql, text, values, length, error);
}

gboolean
va_sql_send (VaSql *sql, GError **error, const char *text, const char *types, ...)
{
  VaSqlValue values[VA_SQL_VALUES_MAX] = { 0 };
  guint length;
  va_list args;

  va_start (args, types);
  length = collect (values, types, args);
  va_end (args);
  return sql->driver->send (sql, text, values, length, error);
}

int
va_sql_row (VaStatement *statement, GError **error)
{
  return statement->sql->driver->row (statement, error);
}

gboolean
va_sql_finish (VaStatement *statement, GError **error)
{
  g_autoptr(VaStatement) finished = statement;

  return finished != NULL && va_sql_row (finished, error) == 0;
}

guint
va_sql_changes (VaSql *sql)
{
  return sql->driver->changes (sql);
}

GPtrArray *
va_sql_list (VaStatement *statement, gpointer (*read) (VaStatement *), GDestroyNotify free, GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func (free);
  int status;

  while ((status = va_sql_row (statement, error)) > 0)
    g_ptr_array_add (list, read (statement));
  return status == 0 ? g_steal_pointer (&list) : NULL;
}

char *
va_column_text (VaStatement *statement, int column)
{
  gsize size;
  const char *text;

  if (va_column_is_null (statement, column))
    return NULL;
  text = statement->sql->driver->bytes (statement, column, &size);
  return size > 0 ? g_utf8_make_valid (text, (gssize) strnlen (text, size)) : g_strdup ("");
}

char *
va_column_needed_text (VaStatement *statement, int column)
{
  char *text = va_column_text (statement, column);

  return text != NULL ? text : g_strdup ("");
}

GBytes *
va_column_bytes (VaStatement *statement, int column)
{
  gsize size;
  gconstpointer data;

  if (va_column_is_null (statement, column))
    return NULL;
  data = statement->sql->driver->bytes (statement, column, &size);
  return g_bytes_new (data, size);
}

GBytes *
va_column_needed_bytes (VaStatement *statement, int column)
{
  GBytes *bytes = va_column_bytes (statement, column);

  return bytes != NULL ? bytes : g_bytes_new (NULL, 0);
}

gint64
va_column_number (VaStatement *statement, int column)
{
  return statement->sql->driver->number (statement, column);
}

gboolean
va_column_is_null (VaStatement *statement, int column)
{
  return statement->sql->driver->is_null (statement, column);
}

/* With the mutex held. */
static gboolean
is_closed (const VaSqlBackend *backend, gint64 until, GError **error)
{
  if (until <= g_get_monotonic_time ())
    return FALSE;
  g_set_error_literal (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, backend->closed_why);
  return TRUE;
}

static void
set_closed (VaSqlBackend *backend, const char *why)
{
  g_free (backend->closed_why);
  backend->closed_why = g_strdup (why);
  backend->closed_until = g_get_monotonic_time () + VA_SQL_CLOSED_FOR;
}

gboolean
va_sql_is_silent (VaSqlBackend *backend, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&backend->mutex);

  return is_closed (backend, backend->silent_until, error);
}

void
va_sql_drop (VaSqlBackend *backend, VaSql *sql)
{
  if (sql->silent)
    {
      g_mutex_lock (&backend->mutex);
      set_closed (backend, _("the store's database: it does not answer in time"));
      backend->silent_until = backend->closed_until;
      backend->statistics.up = FALSE;
      backend->readers -= backend->idle->len;
      while (backend->idle->len > 0)
        {
          VaSql *idle = g_ptr_array_steal_index (backend->idle, backend->idle->len - 1);

          idle->driver->close (idle);
        }
      g_cond_broadcast (&backend->returned);
      g_mutex_unlock (&backend->mutex);
    }
  sql->driver->close (sql);
}

VaSql *
va_sql_connect (VaSqlBackend *backend, GError **error)
{
  g_autoptr(GError) reason = NULL;
  gint64 begun = g_get_monotonic_time ();
  VaSql *sql;
  gboolean closed;

  g_mutex_lock (&backend->mutex);
  closed = is_closed (backend, backend->closed_until, error);
  g_mutex_unlock (&backend->mutex);
  if (closed)
    return NULL;
  sql = backend->connect (backend->place, &reason);
  g_mutex_lock (&backend->mutex);
  backend->statistics.up = sql != NULL;
  backend->statistics.connects++;
  if (sql == NULL)
    {
      set_closed (backend, reason->message);
      if (g_get_monotonic_time () - begun > VA_SQL_SILENT_AFTER)
        backend->silent_until = backend->closed_until;
    }
  g_mutex_unlock (&backend->mutex);
  if (sql == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    sql->backend = &backend->base;
  return sql;
}

/* A reader that lives, or the permission to connect (%NULL, TRUE); or FALSE when all of them are in use for too long, or the
   database is silent. */
static gboolean
take_reader (VaSqlBackend *backend, VaSql **reader, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&backend->mutex);
  gint64 end = g_get_monotonic_time () + READER_WAIT;
  gboolean in_time;

  *reader = NULL;
  while (!is_closed (backend, backend->silent_until, error))
    {
      while (backend->idle->len > 0)
        {
          VaSql *sql = g_ptr_array_steal_index (backend->idle, backend->idle->len - 1);

          if (sql->driver->alive (sql))
            {
              *reader = sql;
              return TRUE;
            }
          sql->driver->close (sql);
          backend->readers--;
        }
      if (backend->readers < backend->readers_max)
        {
          backend->readers++;
          return TRUE;
        }
      backend->waiting++;
      in_time = g_cond_wait_until (&backend->returned, &backend->mutex, end);
      backend->waiting--;
      if (!in_time)
        {
          g_set_error_literal (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                               _("the store's database: all connections are busy"));
          return FALSE;
        }
    }
  return FALSE;
}

static void
release_reader (VaSqlBackend *backend, VaSql *reader)
{
  g_mutex_lock (&backend->mutex);
  if (reader != NULL)
    g_ptr_array_add (backend->idle, reader);
  else
    backend->readers--;
  if (backend->waiting > 0)
    g_cond_signal (&backend->returned);
  g_mutex_unlock (&backend->mutex);
}

VaSqlReader *
va_sql_reader (VaBackend *base, GError **error)
{
  VaSqlBackend *backend = (VaSqlBackend *) base;
  VaSql *reader;

  if (!take_reader (backend, &reader, error))
    return NULL;
  if (reader == NULL)
    {
      reader = va_sql_connect (backend, error);
      if (reader == NULL)
        {
          release_reader (backend, NULL);
          return NULL;
        }
    }
  return reader;
}

void
va_sql_reader_return (VaSqlReader *reader)
{
  VaSqlBackend *backend;

  if (reader == NULL)
    return;
  backend = (VaSqlBackend *) reader->backend;
  if (reader->driver->alive (reader))
    {
      release_reader (backend, reader);
      return;
    }
  va_sql_drop (backend, reader);
  release_reader (backend, NULL);
}

void
va_sql_statistics (VaBackend *base, VaStoreStatistics *out)
{
  VaSqlBackend *backend = (VaSqlBackend *) base;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&backend->mutex);

  *out = backend->statistics;
}

void
va_sql_backend_free (VaBackend *base)
{
  VaSqlBackend *backend = (VaSqlBackend *) base;

  va_commit_queue_clear (&backend->queue);
  for (guint i = 0; i < backend->idle->len; i++)
    {
      VaSql *sql = backend->idle->pdata[i];

      sql->driver->close (sql);
    }
  g_ptr_array_unref (backend->idle);
  backend->free_place (backend->place);
  g_free (backend->closed_why);
  g_cond_clear (&backend->returned);
  g_mutex_clear (&backend->mutex);
  g_free (backend);
}

VaBackend *
va_sql_backend_new (VaSqlConnect connect, gpointer place, GDestroyNotify free_place, guint readers)
{
  VaSqlBackend *backend = g_new0 (VaSqlBackend, 1);

  backend->base.quota = VA_QUOTA_NONE;
  backend->connect = connect;
  backend->place = place;
  backend->free_place = free_place;
  backend->readers_max = readers;
  backend->idle = g_ptr_array_new ();
  g_mutex_init (&backend->mutex);
  g_cond_init (&backend->returned);
  va_commit_queue_init (&backend->queue);
  return &backend->base;
}
