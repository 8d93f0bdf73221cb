/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/libvirt/features.h"

#include <string.h>
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"
#include "core/process.h"
#include "host/service-client.h"

#define CALL_SECONDS 10

/* Whether the libvirtd that left its mark when it loaded the gate still runs. */
static gboolean
is_gate_loaded (const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, "gate", NULL);
  g_autofree char *text = va_file_read_text (path, 64, NULL);
  g_auto(GStrv) words = NULL;
  guint64 pid, start;

  if (text == NULL)
    return FALSE;
  words = g_strsplit (g_strchomp (text), " ", 3);
  return g_strv_length (words) == 2 && va_number_parse (words[0], 1, G_MAXINT, &pid, NULL)
         && va_number_parse (words[1], 0, G_MAXINT64, &start, NULL) && va_process_is ((pid_t) pid, start);
}

/* libvirt's way of writing versions. */
static char *
write_version (unsigned long version)
{
  return g_strdup_printf ("%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
}

static void
take_versions (VaAgent *agent, VaHostFeatures *features)
{
  virConnectPtr connect = agent->hypervisor != NULL ? va_hypervisor_get (agent->hypervisor) : NULL;
  unsigned long version;

  if (connect == NULL)
    return;
  if (virConnectGetLibVersion (connect, &version) == 0)
    features->libvirt_version = write_version (version);
  if (virConnectGetVersion (connect, &version) == 0)
    features->qemu_version = write_version (version);
  virConnectClose (connect);
}

static VaHostFeatures *
collect_features (VaAgent *agent)
{
  VaHostFeatures *features = g_new0 (VaHostFeatures, 1);
  VaPlatformInfo info;

  features->agent_version = g_strdup (PACKAGE_VERSION);
  features->certificate_ends = (guint64) MAX (va_client_certificate_ends (agent->client), 0);
  features->gate_loaded = is_gate_loaded (agent->settings->run_dir);
  take_versions (agent, features);
  if (!va_platform_get (agent->platform, 0, &info, NULL))
    return features;
  features->sev = TRUE;
  features->sev_es = info.max_es_guests > 0;
  features->cbitpos = info.cbitpos;
  features->reduced_phys_bits = info.reduced_phys_bits;
  features->max_guests = info.max_guests;
  features->max_es_guests = info.max_es_guests;
  return features;
}

static void
report_features (gpointer data)
{
  VaAgent *agent = data;
  g_autoptr(VaHostFeatures) features = collect_features (agent);
  g_autoptr(GError) error = NULL;

  g_atomic_int_set (&agent->features_due, 0);
  if (va_service_client_features (agent->client, features, g_get_monotonic_time () + CALL_SECONDS * G_TIME_SPAN_SECOND,
                                  &error))
    return;
  g_atomic_int_set (&agent->features_due, 1);
  g_message (_("the host's features are not reported: %s"), error->message);
}

void
va_features_report (VaAgent *agent)
{
  va_work_push (agent->libvirt_work, report_features, agent, NULL);
}
