/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/liveness.h"

#include <systemd/sd-daemon.h>
#include "core/i18n.h"
#include "service/log.h"

#define INTERVAL_MAX_MS 10000
#define INTERVAL_MIN_MS 10

struct _VaLiveness {
  VaLivenessPing ping;
  gpointer data;
  guint timer;
  GThread *thread; /* %NULL: no ping is under way */
  guint answered;  /* source of on_answered(), once the ping is over */
  GMutex lock;
  GError *error;   /* what the last ping gave */
  gboolean failed; /* so was the one before */
};

static gboolean
on_answered (gpointer data)
{
  VaLiveness *liveness = data;
  g_autoptr(GError) error = NULL;

  g_mutex_lock (&liveness->lock);
  error = g_steal_pointer (&liveness->error);
  liveness->answered = 0;
  g_mutex_unlock (&liveness->lock);
  g_thread_join (g_steal_pointer (&liveness->thread));
  if (error != NULL)
    sd_notifyf (0, "WATCHDOG=1\nSTATUS=%s: %s", _("The store does not answer"), error->message);
  else
    sd_notifyf (0, "WATCHDOG=1\nSTATUS=%s", _("Ready"));
  if (error != NULL && !liveness->failed)
    va_log (VA_LOG_ERROR, "the store does not answer: %s", error->message);
  else if (error == NULL && liveness->failed)
    va_log (VA_LOG_INFO, "the store answers again");
  liveness->failed = error != NULL;
  return G_SOURCE_REMOVE;
}

static gpointer
ask_store (gpointer data)
{
  VaLiveness *liveness = data;
  g_autoptr(GError) error = NULL;
  gboolean ok = liveness->ping (liveness->data, &error);

  g_mutex_lock (&liveness->lock);
  if (!ok)
    liveness->error = g_steal_pointer (&error);
  liveness->answered = g_idle_add (on_answered, liveness);
  g_mutex_unlock (&liveness->lock);
  return NULL;
}

static gboolean
on_timer (gpointer data)
{
  VaLiveness *liveness = data;

  if (liveness->thread == NULL)
    liveness->thread = g_thread_new ("va-liveness", ask_store, liveness);
  return G_SOURCE_CONTINUE;
}

VaLiveness *
va_liveness_new (VaLivenessPing ping, gpointer data)
{
  VaLiveness *liveness = g_new0 (VaLiveness, 1);
  uint64_t watchdog = 0;
  guint interval = INTERVAL_MAX_MS;

  liveness->ping = ping;
  liveness->data = data;
  g_mutex_init (&liveness->lock);
  if (g_getenv ("NOTIFY_SOCKET") == NULL)
    return liveness;
  if (sd_watchdog_enabled (0, &watchdog) > 0)
    interval = (guint) CLAMP (watchdog / 3000, INTERVAL_MIN_MS, INTERVAL_MAX_MS);
  liveness->timer = g_timeout_add (interval, on_timer, liveness);
  return liveness;
}

void
va_liveness_free (VaLiveness *liveness)
{
  if (liveness->timer != 0)
    g_source_remove (liveness->timer);
  if (liveness->thread != NULL)
    g_thread_join (liveness->thread);
  if (liveness->answered != 0)
    g_source_remove (liveness->answered);
  g_clear_error (&liveness->error);
  g_mutex_clear (&liveness->lock);
  g_free (liveness);
}
