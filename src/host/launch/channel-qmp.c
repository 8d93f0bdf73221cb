/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/error.h"
#include "core/i18n.h"
#include "core/process.h"
#include "host/launch/channel.h"
#include "host/launch/monitor.h"
#include "qmp/client.h"
#include "tee/sev/seam.h"

typedef struct {
  VaChannel parent;
  char *run_dir, *uuid;
  gint64 end;
  VaQmpClient *client;
} QmpChannel;

static gboolean
refuse_monitor (GError **error, const char *sentence)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "%s", sentence);
}

static gboolean
connect_monitor (QmpChannel *channel, GError **error)
{
  g_autofree char *path = NULL;

  if (channel->client != NULL)
    return TRUE;
  path = va_monitor_take (channel->run_dir, channel->uuid, error);
  if (path == NULL)
    return FALSE;
  channel->client = va_qmp_connect (path, channel->end, error);
  if (channel->client == NULL)
    {
      g_prefix_error_literal (error, _("the domain's second monitor does not answer: "));
      return FALSE;
    }
  if (va_qmp_peer (channel->client) == channel->parent.pid
      && va_process_is (channel->parent.pid, channel->parent.start))
    return TRUE;
  va_monitor_doubt (channel->run_dir, channel->uuid, va_qmp_peer (channel->client));
  g_clear_pointer (&channel->client, va_qmp_client_free);
  return refuse_monitor (error, _("the domain's second monitor belongs to a process other than its QEMU"));
}

static gboolean
check_status (VaQmpClient *client, GError **error)
{
  g_autofree char *status = va_qmp_query_status (client, error);

  if (status == NULL)
    return FALSE;
  if (g_str_equal (status, "prelaunch"))
    return TRUE;
  g_set_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER,
               _("QEMU's run state is “%s”, not “prelaunch”: this guest has run before its attestation"), status);
  return FALSE;
}

static gboolean
check_sev (VaQmpClient *client, VaLaunchContext *context, GError **error)
{
  VaQmpSev sev;

  if (!va_qmp_query_sev (client, &sev, error))
    return FALSE;
  if (!sev.enabled)
    {
      g_set_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER, _("QEMU reports that this guest does not use SEV"));
      return FALSE;
    }
  if (!g_str_equal (sev.state, "launch-secret"))
    {
      g_set_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER, _("QEMU's SEV state is “%s”, not “launch-secret”"),
                   sev.state);
      return FALSE;
    }
  *context = sev.context;
  return TRUE;
}

static gboolean
collect_from_qmp (VaChannel *parent, VaEvidence *evidence, GError **error)
{
  static const char *const commands[] = { "query-status", "query-sev", "query-sev-launch-measure", NULL };
  QmpChannel *channel = (QmpChannel *) parent;
  guint8 measurement[VA_MEASUREMENT_SIZE];
  VaLaunchContext context;

  if (!connect_monitor (channel, error) || !va_qmp_announce (channel->client, commands, error)
      || !check_status (channel->client, error) || !check_sev (channel->client, &context, error)
      || !va_qmp_query_measure (channel->client, measurement, error))
    return FALSE;
  va_sev_evidence_write (&context, measurement, evidence);
  return TRUE;
}

static gboolean
inject_by_qmp (VaChannel *parent, const VaBlobs *packet, guint32 address, GError **error)
{
  QmpChannel *channel = (QmpChannel *) parent;
  const guint8 *header = va_blobs_get_sized (packet, VA_SEV_PACKET_HEADER, VA_PACKET_HEADER_SIZE);
  GBytes *payload = va_blobs_get (packet, VA_SEV_PACKET_PAYLOAD);

  if (header == NULL || payload == NULL)
    return refuse_monitor (error, _("the packet is not one for an SEV guest"));
  return connect_monitor (channel, error) && va_qmp_inject (channel->client, header, payload, address, error);
}

static gboolean
check_qmp (VaChannel *parent, GError **error)
{
  static const char *const commands[] = { "query-status", "query-sev", NULL };
  QmpChannel *channel = (QmpChannel *) parent;
  VaLaunchContext context;

  return connect_monitor (channel, error) && va_qmp_announce (channel->client, commands, error)
         && check_status (channel->client, error) && check_sev (channel->client, &context, error);
}

static gboolean
hold_by_qmp (VaChannel *parent, GError **error)
{
  QmpChannel *channel = (QmpChannel *) parent;

  return connect_monitor (channel, error) && va_qmp_end_at_reset (channel->client, error);
}

static void
qmp_channel_free (VaChannel *parent)
{
  QmpChannel *channel = (QmpChannel *) parent;

  g_clear_pointer (&channel->client, va_qmp_client_free);
  g_free (channel->run_dir);
  g_free (channel->uuid);
  g_free (channel);
}

VaChannel *
va_channel_qmp_new (const char *run_dir, const char *uuid, pid_t pid, guint64 start, gint64 end)
{
  QmpChannel *channel = g_new0 (QmpChannel, 1);

  channel->parent =
    (VaChannel){ "QMP", pid, start, collect_from_qmp, inject_by_qmp, check_qmp, hold_by_qmp, qmp_channel_free };
  channel->run_dir = g_strdup (run_dir);
  channel->uuid = g_strdup (uuid);
  channel->end = end;
  return &channel->parent;
}
