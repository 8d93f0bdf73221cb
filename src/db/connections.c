/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "db/backend.h"

/* Connections to a database that may not answer; those that read are kept for the next one who does. */

#define READER_WAIT (4 * G_USEC_PER_SEC) /* a host waits for no answer longer than 8 s */

/* With the mutex held. */
static gboolean
is_closed (const VaDbPool *backend, gint64 until, GError **error)
{
  if (until <= g_get_monotonic_time ())
    return FALSE;
  g_set_error_literal (error, VA_DB_ERROR, VA_DB_ERROR_FAILED, backend->closed_why);
  return TRUE;
}

static void
set_closed (VaDbPool *backend, const char *why)
{
  g_free (backend->closed_why);
  backend->closed_why = g_strdup (why);
  backend->closed_until = g_get_monotonic_time () + VA_DB_CLOSED_FOR;
}

gboolean
va_db_is_silent (VaDbPool *backend, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&backend->mutex);

  return is_closed (backend, backend->silent_until, error);
}

void
va_db_drop (VaDbPool *backend, VaDb *sql)
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
          VaDb *idle = g_ptr_array_steal_index (backend->idle, backend->idle->len - 1);

          idle->driver->close (idle);
        }
      g_cond_broadcast (&backend->returned);
      g_mutex_unlock (&backend->mutex);
    }
  sql->driver->close (sql);
}

VaDb *
va_db_connect (VaDbPool *backend, GError **error)
{
  g_autoptr(GError) reason = NULL;
  gint64 begun = g_get_monotonic_time ();
  VaDb *sql;
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
      if (g_get_monotonic_time () - begun > VA_DB_SILENT_AFTER)
        backend->silent_until = backend->closed_until;
    }
  g_mutex_unlock (&backend->mutex);
  if (sql == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    sql->backend = &backend->base;
  return sql;
}

/* A reader that lives, or the permission to connect (%NULL, TRUE); or FALSE when all of them are in use for too long,
   or the database is silent. */
static gboolean
take_reader (VaDbPool *backend, VaDb **reader, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&backend->mutex);
  gint64 end = g_get_monotonic_time () + READER_WAIT;
  gboolean in_time;

  *reader = NULL;
  while (!is_closed (backend, backend->silent_until, error))
    {
      while (backend->idle->len > 0)
        {
          VaDb *sql = g_ptr_array_steal_index (backend->idle, backend->idle->len - 1);

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
          g_set_error_literal (error, VA_DB_ERROR, VA_DB_ERROR_FAILED,
                               _("the store's database: all connections are busy"));
          return FALSE;
        }
    }
  return FALSE;
}

static void
release_reader (VaDbPool *backend, VaDb *reader)
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

VaDbReader *
va_db_reader (VaDbBackend *base, GError **error)
{
  VaDbPool *backend = (VaDbPool *) base;
  VaDb *reader;

  if (!take_reader (backend, &reader, error))
    return NULL;
  if (reader == NULL)
    {
      reader = va_db_connect (backend, error);
      if (reader == NULL)
        {
          release_reader (backend, NULL);
          return NULL;
        }
    }
  return reader;
}

void
va_db_reader_return (VaDbReader *reader)
{
  VaDbPool *backend;

  if (reader == NULL)
    return;
  backend = (VaDbPool *) reader->backend;
  if (reader->driver->alive (reader))
    {
      release_reader (backend, reader);
      return;
    }
  va_db_drop (backend, reader);
  release_reader (backend, NULL);
}
