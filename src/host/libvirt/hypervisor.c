/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/libvirt/hypervisor.h"

#include <libvirt/virterror.h>
#include "core/i18n.h"

#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 15000
#define REFRESH_SECONDS 3600
#define KEEPALIVE_SECONDS 10
#define KEEPALIVE_COUNT 3

struct _VaHypervisor {
  char *uri;
  VaHypervisorUser user;
  gpointer data;
  GThread *connector, *events;
  GMutex lock;
  GCond changed;
  virConnectPtr connect; /* NULL while libvirt is away */
  gboolean lost, refresh, stop;
  gboolean connector_ended, events_ended;
  gint events_stop; /* atomic */
};

static void
be_silent (void *data, virErrorPtr error)
{
}

/* The last that a thread does; @flag is its own. */
static void
say_ended (VaHypervisor *hypervisor, gboolean *flag)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&hypervisor->lock);

  *flag = TRUE;
  g_cond_broadcast (&hypervisor->changed);
}

static gpointer
run_events (gpointer data)
{
  VaHypervisor *hypervisor = data;

  while (!g_atomic_int_get (&hypervisor->events_stop))
    virEventRunDefaultImpl ();
  say_ended (hypervisor, &hypervisor->events_ended);
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
  VaHypervisor *hypervisor = data;

  g_mutex_lock (&hypervisor->lock);
  hypervisor->lost = TRUE;
  g_cond_broadcast (&hypervisor->changed);
  g_mutex_unlock (&hypervisor->lock);
}

static int
on_lifecycle (virConnectPtr connect, virDomainPtr domain, int event, int detail, void *data)
{
  VaHypervisor *hypervisor = data;
  char uuid[VIR_UUID_STRING_BUFLEN];

  if (virDomainGetUUIDString (domain, uuid) == 0)
    hypervisor->user.event (uuid, hypervisor->data);
  return 0;
}

static void
on_reboot (virConnectPtr connect, virDomainPtr domain, void *data)
{
  on_lifecycle (connect, domain, 0, 0, data);
}

/* Waits for @ms, or until somebody wants something. Returns: TRUE to go on */
static gboolean
pause_for (VaHypervisor *hypervisor, guint ms)
{
  gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&hypervisor->lock);

  while (!hypervisor->stop && g_cond_wait_until (&hypervisor->changed, &hypervisor->lock, end))
    ;
  return !hypervisor->stop;
}

/* What the agent has libvirt report of each domain. A reset is no event of its lifecycle. */
typedef struct {
  int lifecycle, reboot; /* libvirt's numbers of the two */
} Reports;

static gboolean
ask_for_reports (VaHypervisor *hypervisor, virConnectPtr connect, Reports *reports)
{
  reports->lifecycle = virConnectDomainEventRegisterAny (connect, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                         VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle), hypervisor, NULL);
  if (reports->lifecycle < 0)
    return FALSE;
  reports->reboot = virConnectDomainEventRegisterAny (connect, NULL, VIR_DOMAIN_EVENT_ID_REBOOT,
                                                      VIR_DOMAIN_EVENT_CALLBACK (on_reboot), hypervisor, NULL);
  if (reports->reboot >= 0)
    return TRUE;
  virConnectDomainEventDeregisterAny (connect, reports->lifecycle);
  return FALSE;
}

static void
end_reports (virConnectPtr connect, const Reports *reports)
{
  virConnectDomainEventDeregisterAny (connect, reports->lifecycle);
  virConnectDomainEventDeregisterAny (connect, reports->reboot);
}

static gboolean
prepare_connection (VaHypervisor *hypervisor, virConnectPtr connect, Reports *reports)
{
  if (virConnectRegisterCloseCallback (connect, on_close, hypervisor, NULL) < 0)
    return FALSE;
  if (ask_for_reports (hypervisor, connect, reports))
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
use_connection (VaHypervisor *hypervisor, virConnectPtr connect)
{
  gint64 next = 0;

  g_mutex_lock (&hypervisor->lock);
  while (!hypervisor->lost && !hypervisor->stop)
    {
      if (!hypervisor->refresh && g_get_monotonic_time () < next)
        {
          g_cond_wait_until (&hypervisor->changed, &hypervisor->lock, next);
          continue;
        }
      hypervisor->refresh = FALSE;
      g_mutex_unlock (&hypervisor->lock);
      hypervisor->user.up (connect, hypervisor->data);
      next = g_get_monotonic_time () + REFRESH_SECONDS * G_TIME_SPAN_SECOND;
      g_mutex_lock (&hypervisor->lock);
    }
  g_mutex_unlock (&hypervisor->lock);
}

static void
set_connect (VaHypervisor *hypervisor, virConnectPtr connect)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&hypervisor->lock);

  hypervisor->connect = connect;
  hypervisor->lost = FALSE;
}

static const char *
last_reason (void)
{
  virErrorPtr last = virGetLastError ();

  return last != NULL && last->message != NULL ? last->message : _("no reason was given");
}

/* One connection from its beginning to its end. Returns: whether there was one */
static gboolean
connect_once (VaHypervisor *hypervisor)
{
  virConnectPtr connect = virConnectOpen (hypervisor->uri);
  Reports reports;

  if (connect == NULL || !prepare_connection (hypervisor, connect, &reports))
    {
      hypervisor->user.down (last_reason (), hypervisor->data);
      if (connect != NULL)
        virConnectClose (connect);
      return FALSE;
    }
  set_connect (hypervisor, connect);
  use_connection (hypervisor, connect);
  set_connect (hypervisor, NULL);
  end_reports (connect, &reports);
  virConnectUnregisterCloseCallback (connect, on_close);
  virConnectClose (connect);
  virResetLastError ();
  return TRUE;
}

static gpointer
run_connector (gpointer data)
{
  VaHypervisor *hypervisor = data;
  guint pause_ms = PAUSE_MIN_MS;

  do
    {
      if (connect_once (hypervisor))
        {
          pause_ms = PAUSE_MIN_MS;
          hypervisor->user.down (_("the connection to libvirt was lost"), hypervisor->data);
        }
      else
        pause_ms = MIN (pause_ms * 2, PAUSE_MAX_MS);
    }
  while (pause_for (hypervisor, pause_ms));
  say_ended (hypervisor, &hypervisor->connector_ended);
  return NULL;
}

VaHypervisor *
va_hypervisor_new (const char *uri, const VaHypervisorUser *user, gpointer data)
{
  static gsize registered;
  VaHypervisor *hypervisor = g_new0 (VaHypervisor, 1);

  if (g_once_init_enter (&registered))
    {
      virSetErrorFunc (NULL, be_silent);
      virEventRegisterDefaultImpl ();
      g_once_init_leave (&registered, 1);
    }
  g_mutex_init (&hypervisor->lock);
  g_cond_init (&hypervisor->changed);
  hypervisor->uri = g_strdup (uri);
  hypervisor->user = *user;
  hypervisor->data = data;
  hypervisor->events = g_thread_new ("libvirt-events", run_events, hypervisor);
  hypervisor->connector = g_thread_new ("libvirt", run_connector, hypervisor);
  return hypervisor;
}

virConnectPtr
va_hypervisor_get (VaHypervisor *hypervisor)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&hypervisor->lock);

  if (hypervisor->connect == NULL || hypervisor->lost || hypervisor->stop)
    return NULL;
  virConnectRef (hypervisor->connect);
  return hypervisor->connect;
}

void
va_hypervisor_refresh (VaHypervisor *hypervisor)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&hypervisor->lock);

  hypervisor->refresh = TRUE;
  g_cond_broadcast (&hypervisor->changed);
}

/* Waits until @flag is set. */
static gboolean
wait_for_end (VaHypervisor *hypervisor, const gboolean *flag, gint64 end)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&hypervisor->lock);

  while (!*flag && g_cond_wait_until (&hypervisor->changed, &hypervisor->lock, end))
    ;
  return *flag;
}

gboolean
va_hypervisor_stop (VaHypervisor *hypervisor, gint64 end)
{
  g_mutex_lock (&hypervisor->lock);
  hypervisor->stop = TRUE;
  g_cond_broadcast (&hypervisor->changed);
  g_mutex_unlock (&hypervisor->lock);
  if (!wait_for_end (hypervisor, &hypervisor->connector_ended, end))
    return FALSE;
  g_atomic_int_set (&hypervisor->events_stop, 1);
  virEventAddTimeout (0, on_wake, NULL, NULL);
  if (!wait_for_end (hypervisor, &hypervisor->events_ended, end))
    return FALSE;
  g_thread_join (hypervisor->connector);
  g_thread_join (hypervisor->events);
  return TRUE;
}

void
va_hypervisor_free (VaHypervisor *hypervisor)
{
  g_mutex_clear (&hypervisor->lock);
  g_cond_clear (&hypervisor->changed);
  g_free (hypervisor->uri);
  g_free (hypervisor);
}
