/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/channel.h"

#include "host/log.h"

static gboolean
trace_channel (gboolean ok, gint64 began)
{
  va_host_trace ("monitor", began);
  return ok;
}

gboolean
va_channel_collect (VaChannel *channel, VaEvidence *evidence, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  return trace_channel (channel->collect (channel, evidence, error), began);
}

gboolean
va_channel_inject (VaChannel *channel, const VaBlobs *packet, guint32 address, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  g_return_val_if_fail (address != 0, FALSE);
  return trace_channel (channel->inject (channel, packet, address, error), began);
}

gboolean
va_channel_check (VaChannel *channel, GError **error)
{
  gint64 began = g_get_monotonic_time ();

  return trace_channel (channel->check (channel, error), began);
}

gboolean
va_channel_hold (VaChannel *channel, GError **error)
{
  return channel->hold (channel, error);
}

void
va_channel_free (VaChannel *channel)
{
  channel->free (channel);
}
