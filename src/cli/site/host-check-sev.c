/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include "domain/xml.h"
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/process.h"
#include "cli/site/host-check.h"
#include "tee/sev/certificate.h"
#include "tee/sev/firmware-error.h"

#define CERT_CHAIN_SIZE (3 * VA_SEV_CERT_SIZE)
#define POLICY_ES (1u << 2)
#define DEVICE "/dev/sev"
#define CPUINFO_MAX (16 * 1024 * 1024)

/* "12345678 (2084 bytes)" is not for people; what matters is that each part is there and as long as it must be. */
static const char *
wrong_part (virTypedParameterPtr params, int n)
{
  const struct {
    const char *name;
    gsize size;
  } parts[] = { { VIR_NODE_SEV_PDH, VA_SEV_CERT_SIZE }, { VIR_NODE_SEV_CERT_CHAIN, CERT_CHAIN_SIZE } };

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

/* The kernel lists what the processor can do; the first one is enough. */
static gboolean
has_sev (void)
{
  g_autofree char *text = va_file_read_text ("/proc/cpuinfo", CPUINFO_MAX, NULL);
  const char *flags = text != NULL ? strstr (text, "\nflags") : NULL;
  g_autofree char *line = flags != NULL ? g_strndup (flags + 1, strcspn (flags + 1, "\n")) : NULL;
  g_auto(GStrv) words = g_strsplit (line != NULL ? line : "", " ", -1);

  return g_strv_contains ((const char *const *) words, "sev");
}

static void
count_domain (VaSevRoom *room, virDomainPtr domain)
{
  char *xml = virDomainGetXMLDesc (domain, 0);
  g_autoptr(VaDomainXml) parsed = xml != NULL ? va_domain_xml_parse (xml, strlen (xml), NULL) : NULL;

  free (xml);
  if (parsed == NULL || !parsed->confidential)
    return;
  if ((parsed->policy & POLICY_ES) != 0)
    {
      room->es_running += virDomainIsActive (domain) == 1;
      if (room->wants_es == NULL)
        room->wants_es = g_strdup (parsed->name);
    }
  else
    {
      room->running += virDomainIsActive (domain) == 1;
      if (room->wants == NULL)
        room->wants = g_strdup (parsed->name);
    }
}

static void
count_domains (VaSevRoom *room, virConnectPtr connect)
{
  virDomainPtr *domains = NULL;
  int count = virConnectListAllDomains (connect, &domains, 0);

  for (int i = 0; i < count; i++)
    {
      count_domain (room, domains[i]);
      virDomainFree (domains[i]);
    }
  free (domains);
}

void
va_sev_room_clear (VaSevRoom *room)
{
  g_clear_pointer (&room->wants, g_free);
  g_clear_pointer (&room->wants_es, g_free);
}

static void
judge_sev (VaHostCheck *check, virTypedParameterPtr params, int n, VaFinding *finding)
{
  const char *wrong = wrong_part (params, n);
  g_autofree char *daemon = va_process_daemon_name (0);
  VaSevRoom room = { .processor = has_sev () };

  if (wrong != NULL)
    {
      va_finding_fix (finding, _("libvirt reports no valid %s: update QEMU and the SEV firmware, then restart %s"),
                      wrong, daemon);
      return;
    }
  virTypedParamsGetUInt (params, n, VIR_NODE_SEV_CBITPOS, &room.cbitpos);
  virTypedParamsGetUInt (params, n, VIR_NODE_SEV_MAX_GUESTS, &room.guests);
  virTypedParamsGetUInt (params, n, VIR_NODE_SEV_MAX_ES_GUESTS, &room.es_guests);
  va_sev_room_ask_platform (&room, DEVICE);
  count_domains (&room, check->libvirt);
  va_judge_sev_room (&room, finding);
  va_sev_room_clear (&room);
}

/* libvirt asks QEMU, and QEMU the firmware, once; what the firmware says now may tell why that failed. */
static void
judge_refusal (VaFinding *finding)
{
  const char *message = virGetLastErrorMessage ();
  g_autofree char *daemon = va_process_daemon_name (0);
  VaSevRoom room = { .processor = has_sev () };

  va_sev_room_ask_platform (&room, DEVICE);
  if (room.state == 0 || room.firmware_error != VA_FIRMWARE_ERROR_NONE)
    va_judge_sev_room (&room, finding);
  else
    va_finding_fix (finding,
                    _("libvirt has no SEV: %s. Enable SEV (SMEE) in the BIOS, load kvm_amd with sev=1, check that "
                      "/dev/sev exists, then restart %s"),
                    message != NULL ? message : "?", daemon);
}

void
va_check_sev (VaHostCheck *check, VaFinding *finding)
{
  virTypedParameterPtr params = NULL;
  int n = 0;

  if (check->libvirt == NULL)
    va_finding_fix (finding, _("not checked, because libvirt cannot be reached"));
  else if (virNodeGetSEVInfo (check->libvirt, &params, &n, 0) != 0)
    judge_refusal (finding);
  else
    judge_sev (check, params, n, finding);
  virTypedParamsFree (params, n);
}
