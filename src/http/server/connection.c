/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/connection.h"

#include <sys/socket.h>

/* This part of the room is kept free by cutting strangers: as much as comes in before what was cut is closed. */
#define FREE_PART 16

/* Who asks on a connection whose certificate has just ended is told why. */
#define END_GRACE_SECONDS 5

struct _VaConnections {
  GMutex mutex;
  GCond changed, left;
  GQueue queue;          /* of VaConnection, in the order of admission */
  gint64 next;           /* when the thread wakes up */
  guint most, each;      /* each: of one peer */
  guint crowded;         /* more than so many, and strangers go */
  guint admitted, going; /* going: of those in the queue, those that were cut */
  gsize order;           /* of the last one admitted */
  GHashTable *orders;    /* fd -> order, of those that are not in the queue yet */
  gboolean stop, closed;
  GThread *thread;
};

static void
cut_connection (VaConnection *connection, const char *why)
{
  connection->cut = TRUE;
  connection->connections->going++;
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
      cut_connection (connection, "it took too long");
    }
  return next;
}

static gpointer
watch_connections (gpointer data)
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
va_connections_new (guint most, guint each)
{
  VaConnections *connections = g_new0 (VaConnections, 1);

  connections->most = most;
  connections->each = each;
  connections->crowded = most - MAX (most / FREE_PART, 1);
  g_mutex_init (&connections->mutex);
  g_cond_init (&connections->changed);
  g_cond_init (&connections->left);
  g_queue_init (&connections->queue);
  connections->orders = g_hash_table_new (NULL, NULL);
  connections->next = G_MAXINT64;
  connections->thread = g_thread_new ("va-deadlines", watch_connections, connections);
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
  g_hash_table_unref (connections->orders);
  g_cond_clear (&connections->left);
  g_cond_clear (&connections->changed);
  g_mutex_clear (&connections->mutex);
  g_free (connections);
}

static gint64
in_seconds (guint seconds)
{
  return g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
}

static void
set_deadline (VaConnection *connection, gint64 deadline)
{
  connection->deadline = connection->latest != 0 ? MIN (deadline, connection->latest) : deadline;
  if (connection->deadline < connection->connections->next)
    g_cond_signal (&connection->connections->changed);
}

/* Before the next one comes in. What has a certificate stays, so that a full house of peers makes the next one wait.
   With the mutex held. */
static void
make_room (VaConnections *connections)
{
  for (GList *l = connections->queue.head;
       l != NULL && connections->queue.length + 1 - connections->going > connections->crowded; l = l->next)
    {
      VaConnection *connection = l->data;

      if (!connection->cut && !connection->verified)
        cut_connection (connection, "its place was needed, and it had shown no certificate");
    }
}

gboolean
va_connections_wait_for_room (VaConnections *connections)
{
  gboolean closed;

  g_mutex_lock (&connections->mutex);
  while (!connections->closed && connections->admitted >= connections->most)
    g_cond_wait (&connections->left, &connections->mutex);
  closed = connections->closed;
  g_mutex_unlock (&connections->mutex);
  return !closed;
}

void
va_connections_admit (VaConnections *connections, int fd)
{
  g_mutex_lock (&connections->mutex);
  connections->admitted++;
  g_hash_table_insert (connections->orders, GINT_TO_POINTER (fd), GSIZE_TO_POINTER (++connections->order));
  g_mutex_unlock (&connections->mutex);
}

/* With the mutex held. */
static void
one_less (VaConnections *connections)
{
  connections->admitted--;
  g_cond_signal (&connections->left);
}

void
va_connections_dismiss (VaConnections *connections, int fd)
{
  g_mutex_lock (&connections->mutex);
  g_hash_table_remove (connections->orders, GINT_TO_POINTER (fd));
  one_less (connections);
  g_mutex_unlock (&connections->mutex);
}

void
va_connections_close (VaConnections *connections)
{
  g_mutex_lock (&connections->mutex);
  connections->closed = TRUE;
  g_cond_signal (&connections->left);
  g_mutex_unlock (&connections->mutex);
}

/* Those that were admitted a moment later may be here already. */
static void
queue_in_order (VaConnections *connections, VaConnection *connection)
{
  GList *after = connections->queue.tail;

  connection->order = GPOINTER_TO_SIZE (g_hash_table_lookup (connections->orders, GINT_TO_POINTER (connection->fd)));
  g_assert (connection->order != 0);
  g_hash_table_remove (connections->orders, GINT_TO_POINTER (connection->fd));
  while (after != NULL && ((VaConnection *) after->data)->order > connection->order)
    after = after->prev;
  g_queue_insert_after_link (&connections->queue, after, &connection->link);
}

VaConnection *
va_connection_new (VaConnections *connections, int fd, guint seconds)
{
  VaConnection *connection = g_new0 (VaConnection, 1);

  connection->connections = connections;
  connection->link.data = connection;
  connection->fd = fd;
  g_mutex_lock (&connections->mutex);
  make_room (connections);
  queue_in_order (connections, connection);
  set_deadline (connection, in_seconds (seconds));
  g_mutex_unlock (&connections->mutex);
  return connection;
}

void
va_connection_set_end (VaConnection *connection, gint64 valid_until)
{
  gint64 left = valid_until - g_get_real_time () / G_USEC_PER_SEC;

  connection->valid_until = valid_until;
  connection->latest = g_get_monotonic_time () + (CLAMP (left, 0, G_MAXINT32) + END_GRACE_SECONDS) * G_USEC_PER_SEC;
}

void
va_connections_cut_if (VaConnections *connections, VaConnectionIsOver is_over, gpointer user_data)
{
  g_mutex_lock (&connections->mutex);
  for (GList *l = connections->queue.head; l != NULL; l = l->next)
    {
      VaConnection *connection = l->data;

      if (connection->verified && !connection->cut && is_over (connection, user_data))
        cut_connection (connection, "its certificate is no longer valid");
    }
  g_mutex_unlock (&connections->mutex);
}

void
va_connection_free (VaConnection *connection)
{
  VaConnections *connections = connection->connections;

  g_mutex_lock (&connections->mutex);
  g_queue_unlink (&connections->queue, &connection->link);
  connections->going -= connection->cut;
  one_less (connections);
  g_mutex_unlock (&connections->mutex);
  va_peer_chain_clear (&connection->certificate.chain);
  g_free (connection);
}

/* With the mutex held. */
static guint
count_of_peer (const VaConnections *connections, const VaIdentity *peer)
{
  guint count = 0;

  for (const GList *l = connections->queue.head; l != NULL; l = l->next)
    {
      const VaConnection *connection = l->data;

      count += connection->verified && !connection->cut && connection->identity.role == peer->role
               && g_str_equal (connection->identity.name, peer->name);
    }
  return count;
}

gboolean
va_connection_verified (VaConnection *connection)
{
  VaConnections *connections = connection->connections;
  gboolean room;

  g_mutex_lock (&connections->mutex);
  room = count_of_peer (connections, &connection->identity) < connections->each;
  connection->verified = room;
  if (room)
    set_deadline (connection, in_seconds (connection->seconds));
  g_mutex_unlock (&connections->mutex);
  return room;
}

void
va_connection_set_deadline (VaConnection *connection, guint seconds)
{
  g_mutex_lock (&connection->connections->mutex);
  set_deadline (connection, in_seconds (seconds));
  g_mutex_unlock (&connection->connections->mutex);
}

void
va_connection_limit (VaConnection *connection, guint seconds)
{
  gint64 deadline = in_seconds (seconds);

  g_mutex_lock (&connection->connections->mutex);
  if (deadline < connection->deadline)
    set_deadline (connection, deadline);
  g_mutex_unlock (&connection->connections->mutex);
}
