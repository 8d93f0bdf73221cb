/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/virterror.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "host/launch/channel.h"
#include "tee/sev/seam.h"

typedef struct {
  VaChannel parent;
  virDomainPtr domain;
  char *run_dir;
  gint64 end;
} LibvirtChannel;

static gboolean
fail_libvirt_call (GError **error, const char *call)
{
  virErrorPtr last = virGetLastError ();

  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "libvirt: %s: %s", call,
               last != NULL && last->message != NULL ? last->message : _("no reason was given"));
  return FALSE;
}

static gboolean
libvirt_lacks (GError **error, const char *name)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
               _("libvirt's answer about the launch has no usable “%s”: libvirt 8.0 or later is required"), name);
  return FALSE;
}

static gboolean
take_launch_number (virTypedParameterPtr params, int count, const char *name, guint max, guint *out, GError **error)
{
  return (virTypedParamsGetUInt (params, count, name, out) == 1 && *out <= max) || libvirt_lacks (error, name);
}

static gboolean
take_measurement (virTypedParameterPtr params, int count, guint8 measurement[VA_MEASUREMENT_SIZE], GError **error)
{
  const char *text = NULL;

  return (virTypedParamsGetString (params, count, VIR_DOMAIN_LAUNCH_SECURITY_SEV_MEASUREMENT, &text) == 1
          && va_base64_decode_exact (text, measurement, VA_MEASUREMENT_SIZE, NULL))
         || libvirt_lacks (error, VIR_DOMAIN_LAUNCH_SECURITY_SEV_MEASUREMENT);
}

static gboolean
take_evidence (virTypedParameterPtr params, int count, VaEvidence *evidence, GError **error)
{
  guint major, minor, build, policy;
  guint8 measurement[VA_MEASUREMENT_SIZE];

  if (!take_launch_number (params, count, VIR_DOMAIN_LAUNCH_SECURITY_SEV_API_MAJOR, G_MAXUINT8, &major, error)
      || !take_launch_number (params, count, VIR_DOMAIN_LAUNCH_SECURITY_SEV_API_MINOR, G_MAXUINT8, &minor, error)
      || !take_launch_number (params, count, VIR_DOMAIN_LAUNCH_SECURITY_SEV_BUILD_ID, G_MAXUINT8, &build, error)
      || !take_launch_number (params, count, VIR_DOMAIN_LAUNCH_SECURITY_SEV_POLICY, G_MAXUINT32, &policy, error)
      || !take_measurement (params, count, measurement, error))
    return FALSE;
  va_sev_evidence_write (&(VaLaunchContext){ .api_major = (guint8) major,
                                             .api_minor = (guint8) minor,
                                             .build_id = (guint8) build,
                                             .policy = policy },
                         measurement, evidence);
  return TRUE;
}

/* libvirt tells less of QEMU's state than QEMU does, and asks it for less. The second monitor has one client at a time,
   so whoever opens it leaves it at once: the gate may want it while a call to libvirt waits for the gate. */
static VaChannel *
open_monitor (VaChannel *parent, GError **error)
{
  LibvirtChannel *channel = (LibvirtChannel *) parent;
  char uuid[VIR_UUID_STRING_BUFLEN];

  if (virDomainGetUUIDString (channel->domain, uuid) == 0)
    return va_channel_qmp_new (channel->run_dir, uuid, parent->pid, parent->start, channel->end);
  fail_libvirt_call (error, "virDomainGetUUIDString");
  return NULL;
}

static gboolean
check_libvirt (VaChannel *parent, GError **error)
{
  g_autoptr(VaChannel) monitor = open_monitor (parent, error);

  return monitor != NULL && va_channel_check (monitor, error);
}

static gboolean
hold_beside_libvirt (VaChannel *parent, GError **error)
{
  g_autoptr(VaChannel) monitor = open_monitor (parent, error);

  return monitor != NULL && va_channel_hold (monitor, error);
}

static gboolean
collect_from_libvirt (VaChannel *parent, VaEvidence *evidence, GError **error)
{
  LibvirtChannel *channel = (LibvirtChannel *) parent;
  virTypedParameterPtr params = NULL;
  int count = 0;
  gboolean ok;

  if (!check_libvirt (parent, error))
    return FALSE;
  if (virDomainGetLaunchSecurityInfo (channel->domain, &params, &count, 0) < 0)
    return fail_libvirt_call (error, "virDomainGetLaunchSecurityInfo");
  ok = take_evidence (params, count, evidence, error);
  virTypedParamsFree (params, count);
  return ok;
}

/* What is not there is empty, which libvirt refuses. */
static char *
encode_part (const VaBlobs *packet, const char *name)
{
  GBytes *bytes = va_blobs_get (packet, name);

  return bytes != NULL ? va_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : g_strdup ("");
}

static gboolean
inject_by_libvirt (VaChannel *parent, const VaBlobs *packet, guint32 address, GError **error)
{
  LibvirtChannel *channel = (LibvirtChannel *) parent;
  g_autofree char *header_text = encode_part (packet, VA_SEV_PACKET_HEADER);
  g_autofree char *payload_text = encode_part (packet, VA_SEV_PACKET_PAYLOAD);
  virTypedParameterPtr params = NULL;
  int count = 0, max = 0, result;

  if (virTypedParamsAddString (&params, &count, &max, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET_HEADER, header_text) < 0
      || virTypedParamsAddString (&params, &count, &max, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET, payload_text) < 0
      || virTypedParamsAddULLong (&params, &count, &max, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET_SET_ADDRESS, address)
           < 0)
    {
      virTypedParamsFree (params, count);
      return fail_libvirt_call (error, "virTypedParamsAdd");
    }
  result = virDomainSetLaunchSecurityState (channel->domain, params, count, 0);
  virTypedParamsFree (params, count);
  return result == 0 || fail_libvirt_call (error, "virDomainSetLaunchSecurityState");
}

static void
libvirt_channel_free (VaChannel *parent)
{
  LibvirtChannel *channel = (LibvirtChannel *) parent;

  virDomainFree (channel->domain);
  g_free (channel->run_dir);
  g_free (channel);
}

VaChannel *
va_channel_libvirt_new (virDomainPtr domain, const char *run_dir, pid_t pid, guint64 start, gint64 end)
{
  LibvirtChannel *channel = g_new0 (LibvirtChannel, 1);

  channel->parent = (VaChannel){
    "libvirt",           pid, start, collect_from_libvirt, inject_by_libvirt, check_libvirt, hold_beside_libvirt,
    libvirt_channel_free
  };
  virDomainRef (domain);
  channel->domain = domain;
  channel->run_dir = g_strdup (run_dir);
  channel->end = end;
  return &channel->parent;
}

gboolean
va_channel_libvirt_measurement (virDomainPtr domain, guint8 measurement[VA_MEASUREMENT_SIZE], GError **error)
{
  virTypedParameterPtr params = NULL;
  int count = 0;
  gboolean ok;

  if (virDomainGetLaunchSecurityInfo (domain, &params, &count, 0) < 0)
    return fail_libvirt_call (error, "virDomainGetLaunchSecurityInfo");
  ok = take_measurement (params, count, measurement, error);
  virTypedParamsFree (params, count);
  return ok;
}
