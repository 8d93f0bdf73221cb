/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/channel.h"

gboolean
va_channel_collect (VaChannel *channel, VaEvidence *evidence, GError **error)
{
  return channel->collect (channel, evidence, error);
}

gboolean
va_channel_inject (VaChannel *channel, const VaBlobs *packet, guint32 address, GError **error)
{
  g_return_val_if_fail (address != 0, FALSE);
  return channel->inject (channel, packet, address, error);
}

gboolean
va_channel_check (VaChannel *channel, GError **error)
{
  return channel->check (channel, error);
}

void
va_channel_free (VaChannel *channel)
{
  channel->free (channel);
}
