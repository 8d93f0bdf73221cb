/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/connection.h"

#include <sys/socket.h>

/* Of a thread's room, this part is kept free by cutting strangers: as much as comes in before what was cut is closed. */
#define FREE_PART 16

struct _VaConnections
{
  GMutex mutex;
  GCond changed;
  GQueue queue; /* of VaConnection */
  gint64 next;  /* when the thread wakes up */
  guint crowded; /* connections of one of libmicrohttpd's threads beyond which strangers go */
  gboolean stop;
  GThread *thread;
};

static void
cut (VaConnection *connection, const char *why)
{
  connection->cut = TRUE;
  shutdown (connection->fd, SHUT_RDWR);
  g_debug ("a connection was cut: %s", why);
}

/* Shuts down what is overdue; the moment at which the next one will be. With the mutex held, so no fd is closed. */
static gint64
cut_overdue (VaConnections *connections, gint64 now)
{
  gint64 next = G_MAXINT64;

  for (GList *l = connections->queue.head; l != NULL; l = l->next)
    {
      VaConnection *connection = l->data;

      if (connection->cut)
        continue;
      if (connection->deadline > now)
        {
          next = MIN (next, connection->deadline);
          continue;
        }
      cut (connection, "it took too long");
    }
  return next;
}

static gpointer
watch (gpointer data)
{
  VaConnections *connections = data;

  g_mutex_lock (&connections->mutex);
  while (!connections->stop)
    {
      connections->next = cut_overdue (connections, g_get_monotonic_time ());
      if (connections->next == G_MAXINT64)
        g_cond_wait (&connections->changed, &connections->mutex);
      else
        g_cond_wait_until (&connections->changed, &connections->mutex, connections->next);
    }
  g_mutex_unlock (&connections->mutex);
  return NULL;
}

VaConnections *
va_connections_new (guint room)
{
  VaConnections *connections = g_new0 (VaConnections, 1);

  connections->crowded = room - MAX (room / FREE_PART, 1);
  g_mutex_init (&connections->mutex);
  g_cond_init (&connections->changed);
  g_queue_init (&connections->queue);
  connections->next = G_MAXINT64;
  connections->thread = g_thread_new ("va-deadlines", watch, connections);
  return connections;
}

void
va_connections_free (VaConnections *connections)
{
  g_mutex_lock (&connections->mutex);
  connections->stop = TRUE;
  g_cond_signal (&connections->changed);
  g_mutex_unlock (&connections->mutex);
  g_thread_join (connections->thread);
  g_warn_if_fail (g_queue_is_empty (&connections->queue));
  g_cond_clear (&connections->changed);
  g_mutex_clear (&connections->mutex);
  g_free (connections);
}

guint
va_connections_count (VaConnections *connections)
{
  guint count;

  g_mutex_lock (&connections->mutex);
  count = connections->queue.length;
  g_mutex_unlock (&connections->mutex);
  return count;
}

static void
set_deadline (VaConnection *connection, gint64 deadline)
{
  connection->deadline = deadline;
  if (deadline < connection->connections->next)
    g_cond_signal (&connection->connections->changed);
}

/* Before @newest comes in. What has a certificate stays, so that a full house of peers makes the next one wait. Whether the
   others of this thread have one does not change meanwhile: it is in this thread that their handshakes are done. */
static void
make_room (VaConnections *connections, const VaConnection *newest)
{
  VaConnection *stranger = NULL;
  guint there = 1;

  for (GList *l = connections->queue.head; l != NULL; l = l->next)
    {
      VaConnection *connection = l->data;

      if (connection->thread != newest->thread || connection->cut)
        continue;
      there++;
      if (stranger == NULL && !connection->verified)
        stranger = connection;
    }
  if (there > connections->crowded && stranger != NULL)
    cut (stranger, "others want its place, and it has shown no certificate");
}

VaConnection *
va_connection_new (VaConnections *connections, int fd, guint seconds)
{
  VaConnection *connection = g_new0 (VaConnection, 1);

  connection->connections = connections;
  connection->link.data = connection;
  connection->fd = fd;
  connection->thread = g_thread_self ();
  g_mutex_lock (&connections->mutex);
  make_room (connections, connection);
  g_queue_push_tail_link (&connections->queue, &connection->link);
  set_deadline (connection, g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC);
  g_mutex_unlock (&connections->mutex);
  return connection;
}

void
va_connection_free (VaConnection *connection)
{
  VaConnections *connections = connection->connections;

  g_mutex_lock (&connections->mutex);
  g_queue_unlink (&connections->queue, &connection->link);
  g_mutex_unlock (&connections->mutex);
  g_free (connection);
}

void
va_connection_set_deadline (VaConnection *connection, guint seconds)
{
  g_mutex_lock (&connection->connections->mutex);
  set_deadline (connection, g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC);
  g_mutex_unlock (&connection->connections->mutex);
}

void
va_connection_limit (VaConnection *connection, guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;

  g_mutex_lock (&connection->connections->mutex);
  if (deadline < connection->deadline)
    set_deadline (connection, deadline);
  g_mutex_unlock (&connection->connections->mutex);
}
