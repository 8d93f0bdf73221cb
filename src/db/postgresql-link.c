/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/postgresql-link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include "core/i18n.h"
#include "db/error.h"
#include "db/postgresql-check.h"

#define ANSWER_SECONDS 6 /* the server's own limits are shorter, so that it says itself what took so long */
#define CONNECT_SECONDS 3
#define FOREIGN_KEY "23503"
#define KEY_SUFFIX "_key_id" /* of the constraints that hold sealed values to their data key */

static gboolean
fail_link (VaDbLink *link, const char *what, GError **error)
{
  g_autofree char *message = g_strdup (what);

  g_strdelimit (g_strchomp (message), "\n", ' ');
  g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED, _("the store's database: %s"),
               message[0] != '\0' ? message : _("it does not answer"));
  if (PQstatus (link->connection) != CONNECTION_OK)
    link->broken = TRUE;
  return FALSE;
}

/* FALSE: not within the time; then nobody knows what the server still sends, and the connection is of no more use. */
static gboolean
wait_for (VaDbLink *link, short events, gint64 end, GError **error)
{
  struct pollfd fd = { PQsocket (link->connection), events, 0 };

  for (;;)
    {
      gint64 left = (end - g_get_monotonic_time ()) / 1000;
      /* What came while this process itself was stopped is looked at all the same. */
      int status = fd.fd >= 0 ? poll (&fd, 1, (int) MAX (left, 0)) : 0;

      if (status > 0)
        return TRUE;
      if (status < 0 && errno == EINTR)
        continue;
      link->broken = link->silent = TRUE;
      return fail_link (link, _("it does not answer in time"), error);
    }
}

gboolean
va_db_link_open (VaDbLink *link, const char *url, GError **error)
{
  gint64 end = g_get_monotonic_time () + CONNECT_SECONDS * G_USEC_PER_SEC;
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  /* What stands in the URL comes later, and counts. */
  const char *const keywords[] = { "fallback_application_name", "client_encoding", "tcp_user_timeout", "dbname", NULL };
  const char *const values[] = { PACKAGE_NAME, "UTF8", G_STRINGIFY (ANSWER_SECONDS) "000", url, NULL };

  link->broken = link->silent = FALSE;
  link->connection = PQconnectStartParams (keywords, values, 1);
  if (link->connection == NULL)
    g_error ("no memory for a connection");
  /* So far nothing was sent: no name, no password. */
  if (!va_db_postgresql_check_route (link->connection, error))
    {
      link->broken = TRUE;
      return FALSE;
    }
  while (PQstatus (link->connection) != CONNECTION_BAD && status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED)
    {
      if (!wait_for (link, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, end, error))
        return FALSE;
      status = PQconnectPoll (link->connection);
    }
  if (PQstatus (link->connection) == CONNECTION_OK && PQsetnonblocking (link->connection, 1) == 0)
    return TRUE;
  return fail_link (link, PQerrorMessage (link->connection), error);
}

void
va_db_link_close (VaDbLink *link)
{
  g_clear_pointer (&link->connection, PQfinish);
}

gboolean
va_db_link_usable (VaDbLink *link)
{
  struct pollfd fd = { -1, POLLIN, 0 };

  if (link->broken || link->connection == NULL || PQstatus (link->connection) != CONNECTION_OK)
    return FALSE;
  fd.fd = PQsocket (link->connection);
  if (fd.fd < 0)
    return FALSE;
  /* Between two calls there is nothing to read but the end, or the words that come before it. */
  if (poll (&fd, 1, 0) != 0)
    link->broken = TRUE;
  return !link->broken;
}

static gboolean
flush_link (VaDbLink *link, gint64 end, GError **error)
{
  int left;

  while ((left = PQflush (link->connection)) == 1)
    {
      if (!wait_for (link, POLLIN | POLLOUT, end, error))
        return FALSE;
      if (PQconsumeInput (link->connection) != 1)
        return fail_link (link, PQerrorMessage (link->connection), error);
    }
  return left == 0 || fail_link (link, PQerrorMessage (link->connection), error);
}

static gboolean
receive_result (VaDbLink *link, gint64 end, PGresult **result, GError **error)
{
  *result = NULL;
  while (PQisBusy (link->connection))
    {
      if (!wait_for (link, POLLIN, end, error))
        return FALSE;
      if (PQconsumeInput (link->connection) != 1)
        {
          link->broken = TRUE;
          return fail_link (link, PQerrorMessage (link->connection), error);
        }
    }
  *result = PQgetResult (link->connection);
  return TRUE;
}

static gboolean
check_result (VaDbLink *link, const PGresult *result, GError **error)
{
  const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE);
  const char *message = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
  const char *constraint = PQresultErrorField (result, PG_DIAG_CONSTRAINT_NAME);

  switch (PQresultStatus (result))
    {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
      return TRUE;
    default:
      break;
    }
  /* The message alone: a detail may show the row. */
  if (g_strcmp0 (state, FOREIGN_KEY) != 0 || constraint == NULL || !g_str_has_suffix (constraint, KEY_SUFFIX))
    return fail_link (link, message != NULL ? message : PQerrorMessage (link->connection), error);
  g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_REFERENCE, _("the store's data key has been replaced in the meantime"));
  return FALSE;
}

PGresult *
va_db_link_next (VaDbLink *link, GError **error)
{
  gint64 end = g_get_monotonic_time () + ANSWER_SECONDS * G_USEC_PER_SEC;
  PGresult *result;

  if (!flush_link (link, end, error) || !receive_result (link, end, &result, error) || result == NULL)
    return NULL;
  if (check_result (link, result, error))
    return result;
  PQclear (result);
  /* What follows a failure must be read too. */
  while (receive_result (link, end, &result, NULL) && result != NULL)
    PQclear (result);
  return NULL;
}

/* One result of a pipeline: TRUE with its sync when @result is %NULL then. Keeps the first error. */
static gboolean
receive_piped (VaDbLink *link, gint64 end, PGresult **result, gboolean *synced, GError **error)
{
  if (!receive_result (link, end, result, error))
    return FALSE;
  *synced = *result != NULL && PQresultStatus (*result) == PGRES_PIPELINE_SYNC;
  if (PQstatus (link->connection) == CONNECTION_OK)
    return TRUE;
  fail_link (link, PQerrorMessage (link->connection), error);
  g_clear_pointer (result, PQclear);
  return FALSE;
}

PGresult *
va_db_link_finish_pipeline (VaDbLink *link, guint count, guint *good, GError **error)
{
  gint64 end = g_get_monotonic_time () + ANSWER_SECONDS * G_USEC_PER_SEC;
  g_autoptr(GError) reason = NULL;
  PGresult *last = NULL, *result;
  gboolean synced = FALSE;

  *good = 0;
  link->broken |= PQpipelineSync (link->connection) != 1 || !flush_link (link, end, &reason);
  while (!link->broken && !synced)
    if (!receive_piped (link, end, &result, &synced, reason == NULL ? &reason : NULL))
      link->broken = TRUE;
    else if (result != NULL && !synced && PQresultStatus (result) != PGRES_PIPELINE_ABORTED
             && check_result (link, result, reason == NULL ? &reason : NULL))
      {
        PQclear (last);
        last = result;
        ++*good;
      }
    else
      PQclear (result);
  link->broken |= !link->broken && PQexitPipelineMode (link->connection) != 1;
  if (!link->broken && *good == count)
    return last;
  PQclear (last);
  if (reason == NULL)
    fail_link (link, PQerrorMessage (link->connection), &reason);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

PGresult *
va_db_link_finish (VaDbLink *link, int sent, GError **error)
{
  g_autoptr(GError) reason = NULL;
  PGresult *last = NULL, *result;

  if (sent != 1)
    {
      fail_link (link, PQerrorMessage (link->connection), error);
      return NULL;
    }
  while ((result = va_db_link_next (link, &reason)) != NULL)
    {
      PQclear (last);
      last = result;
    }
  if (reason == NULL && last != NULL)
    return last;
  PQclear (last);
  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    fail_link (link, "", error);
  return NULL;
}
