/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/connection.h"

#include <libvirt/virterror.h>
#include "core/i18n.h"

#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 15000
#define REFRESH_SECONDS 3600
#define KEEPALIVE_SECONDS 10
#define KEEPALIVE_COUNT 3

struct _VaConnection
{
  char *uri;
  VaConnectionUser user;
  gpointer data;
  GThread *connector, *events;
  GMutex lock;
  GCond changed;
  virConnectPtr connect; /* NULL while libvirt is away */
  gboolean lost, refresh, stop;
  gint events_stop; /* atomic */
};

static void
be_silent (void *data, virErrorPtr error)
{
}

static gpointer
run_events (gpointer data)
{
  VaConnection *connection = data;

  while (!g_atomic_int_get (&connection->events_stop))
    virEventRunDefaultImpl ();
  return NULL;
}

static void
on_wake (int timer, void *data)
{
  virEventRemoveTimeout (timer);
}

static void
on_close (virConnectPtr connect, int reason, void *data)
{
  VaConnection *connection = data;

  g_mutex_lock (&connection->lock);
  connection->lost = TRUE;
  g_cond_broadcast (&connection->changed);
  g_mutex_unlock (&connection->lock);
}

static int
on_lifecycle (virConnectPtr connect, virDomainPtr domain, int event, int detail, void *data)
{
  VaConnection *connection = data;
  char uuid[VIR_UUID_STRING_BUFLEN];

  if (virDomainGetUUIDString (domain, uuid) == 0)
    connection->user.event (uuid, connection->data);
  return 0;
}

/* Waits for @ms, or until somebody wants something. Returns: TRUE to go on */
static gboolean
pause_for (VaConnection *connection, guint ms)
{
  gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&connection->lock);

  while (!connection->stop && g_cond_wait_until (&connection->changed, &connection->lock, end))
    ;
  return !connection->stop;
}

static gboolean
prepare (VaConnection *connection, virConnectPtr connect, int *callback)
{
  if (virConnectRegisterCloseCallback (connect, on_close, connection, NULL) < 0)
    return FALSE;
  *callback = virConnectDomainEventRegisterAny (connect, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle), connection, NULL);
  if (*callback >= 0)
    {
      /* Not every driver has it. */
      if (virConnectSetKeepAlive (connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT) < 0)
        virResetLastError ();
      return TRUE;
    }
  virConnectUnregisterCloseCallback (connect, on_close);
  return FALSE;
}

/* Stays until the connection is lost or nobody wants it any more. */
static void
use (VaConnection *connection, virConnectPtr connect)
{
  gint64 next = 0;

  g_mutex_lock (&connection->lock);
  while (!connection->lost && !connection->stop)
    {
      if (!connection->refresh && g_get_monotonic_time () < next)
        {
          g_cond_wait_until (&connection->changed, &connection->lock, next);
          continue;
        }
      connection->refresh = FALSE;
      g_mutex_unlock (&connection->lock);
      connection->user.up (connect, connection->data);
      next = g_get_monotonic_time () + REFRESH_SECONDS * G_TIME_SPAN_SECOND;
      g_mutex_lock (&connection->lock);
    }
  g_mutex_unlock (&connection->lock);
}

static void
set_connect (VaConnection *connection, virConnectPtr connect)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&connection->lock);

  connection->connect = connect;
  connection->lost = FALSE;
}

static const char *
last_reason (void)
{
  virErrorPtr last = virGetLastError ();

  return last != NULL && last->message != NULL ? last->message : _("no reason was given");
}

/* One connection from its beginning to its end. Returns: whether there was one */
static gboolean
connect_once (VaConnection *connection)
{
  virConnectPtr connect = virConnectOpen (connection->uri);
  int callback = -1;

  if (connect == NULL || !prepare (connection, connect, &callback))
    {
      connection->user.down (last_reason (), connection->data);
      if (connect != NULL)
        virConnectClose (connect);
      return FALSE;
    }
  set_connect (connection, connect);
  use (connection, connect);
  set_connect (connection, NULL);
  virConnectDomainEventDeregisterAny (connect, callback);
  virConnectUnregisterCloseCallback (connect, on_close);
  virConnectClose (connect);
  virResetLastError ();
  return TRUE;
}

static gpointer
run_connector (gpointer data)
{
  VaConnection *connection = data;
  guint pause_ms = PAUSE_MIN_MS;

  do
    {
      if (connect_once (connection))
        {
          pause_ms = PAUSE_MIN_MS;
          connection->user.down (_("the connection to libvirt was lost"), connection->data);
        }
      else
        pause_ms = MIN (pause_ms * 2, PAUSE_MAX_MS);
    }
  while (pause_for (connection, pause_ms));
  return NULL;
}

VaConnection *
va_connection_new (const char *uri, const VaConnectionUser *user, gpointer data)
{
  static gsize registered;
  VaConnection *connection = g_new0 (VaConnection, 1);

  if (g_once_init_enter (&registered))
    {
      virSetErrorFunc (NULL, be_silent);
      virEventRegisterDefaultImpl ();
      g_once_init_leave (&registered, 1);
    }
  g_mutex_init (&connection->lock);
  g_cond_init (&connection->changed);
  connection->uri = g_strdup (uri);
  connection->user = *user;
  connection->data = data;
  connection->events = g_thread_new ("libvirt-events", run_events, connection);
  connection->connector = g_thread_new ("libvirt", run_connector, connection);
  return connection;
}

virConnectPtr
va_connection_get (VaConnection *connection)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&connection->lock);

  if (connection->connect == NULL || connection->lost)
    return NULL;
  virConnectRef (connection->connect);
  return connection->connect;
}

void
va_connection_refresh (VaConnection *connection)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&connection->lock);

  connection->refresh = TRUE;
  g_cond_broadcast (&connection->changed);
}

void
va_connection_stop (VaConnection *connection)
{
  g_mutex_lock (&connection->lock);
  connection->stop = TRUE;
  g_cond_broadcast (&connection->changed);
  g_mutex_unlock (&connection->lock);
  g_thread_join (connection->connector);
  g_atomic_int_set (&connection->events_stop, 1);
  virEventAddTimeout (0, on_wake, NULL, NULL);
  g_thread_join (connection->events);
}

void
va_connection_free (VaConnection *connection)
{
  g_mutex_clear (&connection->lock);
  g_cond_clear (&connection->changed);
  g_free (connection->uri);
  g_free (connection);
}
