/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "host-check.h"
#include "sev/certificate.h"

#define LIBVIRT_MIN 9000000
#define CERT_CHAIN_SIZE (3 * VA_SEV_CERT_SIZE)

static void
be_quiet (void *data, virErrorPtr error)
{
}

static const char *
last_error (void)
{
  const char *message = virGetLastErrorMessage ();

  return message != NULL ? message : "?";
}

static char *
version_text (unsigned long version)
{
  return g_strdup_printf ("%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
}

void
va_check_libvirt (VaHostCheck *check, VaFinding *finding)
{
  const char *uri = check->config != NULL ? va_config_string (check->config, "host", "libvirt-uri") : "qemu:///system";
  unsigned long libvirt = 0, qemu = 0;
  g_autofree char *libvirt_text = NULL;
  g_autofree char *qemu_text = NULL;

  virSetErrorFunc (NULL, be_quiet);
  check->libvirt = virConnectOpen (uri);
  if (check->libvirt == NULL)
    {
      va_finding_fix (finding, _("cannot reach %s: %s. Start libvirtd, and run this as root"), uri, last_error ());
      return;
    }
  if (virConnectGetLibVersion (check->libvirt, &libvirt) != 0 || virConnectGetVersion (check->libvirt, &qemu) != 0)
    {
      va_finding_fix (finding, _("libvirt does not tell versions: %s. Install QEMU for x86_64"), last_error ());
      return;
    }
  libvirt_text = version_text (libvirt);
  qemu_text = version_text (qemu);
  if (libvirt < LIBVIRT_MIN)
    va_finding_fix (finding, _("libvirt %s is too old: 9.0.0 or later is needed"), libvirt_text);
  else
    va_finding_ok (finding, _("libvirt %s, QEMU %s"), libvirt_text, qemu_text);
}

/* "12345678 (2084 bytes)" is not for people; what matters is that each part is there and as long as it must be. */
static const char *
wrong_part (virTypedParameterPtr params, int n)
{
  const struct { const char *name; gsize size; } parts[]
    = { { VIR_NODE_SEV_PDH, VA_SEV_CERT_SIZE }, { VIR_NODE_SEV_CERT_CHAIN, CERT_CHAIN_SIZE } };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree guint8 *bytes = g_malloc (parts[i].size);
      const char *text = NULL;

      if (virTypedParamsGetString (params, n, parts[i].name, &text) != 1
          || !va_base64_decode_exact (text, bytes, parts[i].size, NULL))
        return parts[i].name;
    }
  return NULL;
}

static void
judge_sev (virTypedParameterPtr params, int n, VaFinding *finding)
{
  const char *wrong = wrong_part (params, n);
  unsigned int cbitpos = 0, guests = 0, es_guests = 0;

  if (wrong != NULL)
    {
      va_finding_fix (finding, _("libvirt gives no valid %s: update QEMU and the SEV firmware, then restart libvirtd"),
                      wrong);
      return;
    }
  virTypedParamsGetUInt (params, n, VIR_NODE_SEV_CBITPOS, &cbitpos);
  virTypedParamsGetUInt (params, n, VIR_NODE_SEV_MAX_GUESTS, &guests);
  virTypedParamsGetUInt (params, n, VIR_NODE_SEV_MAX_ES_GUESTS, &es_guests);
  if (guests == 0 && es_guests == 0)
    va_finding_ok (finding, _("C-bit %u, but no number of guests is told (0 SEV, 0 SEV-ES): on the software platform this is "
                              "so; on an AMD processor no guest can start, see “SEV-ES ASID Space Limit” and “SEV Control” "
                              "in the BIOS"), cbitpos);
  else if (es_guests == 0)
    va_finding_ok (finding, _("C-bit %u, up to %u SEV guests, and no SEV-ES guest: for those, raise “SEV-ES ASID Space Limit” "
                              "in the BIOS"), cbitpos, guests);
  else
    va_finding_ok (finding, _("C-bit %u, up to %u SEV and %u SEV-ES guests"), cbitpos, guests, es_guests);
}

void
va_check_sev (VaHostCheck *check, VaFinding *finding)
{
  virTypedParameterPtr params = NULL;
  int n = 0;

  if (check->libvirt == NULL)
    va_finding_fix (finding, _("not asked, because libvirt cannot be reached"));
  else if (virNodeGetSEVInfo (check->libvirt, &params, &n, 0) != 0)
    va_finding_fix (finding, _("libvirt has no SEV: %s. Switch on SEV (SMEE) in the BIOS, load kvm_amd with sev=1, check "
                               "that /dev/sev is there, then restart libvirtd"), last_error ());
  else
    judge_sev (params, n, finding);
  virTypedParamsFree (params, n);
}

void
va_host_check_close (VaHostCheck *check)
{
  if (check->libvirt != NULL)
    virConnectClose (check->libvirt);
  g_clear_pointer (&check->config, va_config_free);
}
