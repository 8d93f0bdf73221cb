/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/underway.h"

void
va_underway_init (VaUnderway *underway)
{
  g_mutex_init (&underway->mutex);
  g_cond_init (&underway->quiet);
}

void
va_underway_clear (VaUnderway *underway)
{
  g_cond_clear (&underway->quiet);
  g_mutex_clear (&underway->mutex);
}

gboolean
va_underway_enter (VaUnderway *underway)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&underway->mutex);

  if (!underway->closed)
    underway->active++;
  return !underway->closed;
}

void
va_underway_leave (VaUnderway *underway)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&underway->mutex);

  if (--underway->active == 0 && underway->stopping)
    g_cond_broadcast (&underway->quiet);
}

gboolean
va_underway_is_stopping (VaUnderway *underway)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&underway->mutex);

  return underway->stopping;
}

gboolean
va_underway_is_closed (VaUnderway *underway)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&underway->mutex);

  return underway->closed;
}

void
va_underway_stop (VaUnderway *underway, guint seconds)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&underway->mutex);
  gint64 end = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;

  underway->stopping = TRUE;
  while (underway->active > 0 && g_cond_wait_until (&underway->quiet, &underway->mutex, end))
    ;
  underway->closed = TRUE;
}
