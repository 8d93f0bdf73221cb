/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/sev/measured.h"

#include "core/i18n.h"
#include "core/number.h"
#include "cli/given-input.h"

#define OWN_ENTRIES (VA_SEV_MEASURED_ENTRIES - VA_SEV_LAUNCH_ENTRIES)

void
va_sev_measured_options_clear (VaSevMeasuredOptions *o)
{
  va_sev_launch_options_clear (&o->launch);
  g_free (o->measurement);
  g_free (o->tik);
  g_free (o->api);
  g_free (o->build);
  g_free (o->digest);
}

void
va_sev_measured_entries (VaSevMeasuredOptions *o, GOptionEntry *entries)
{
  const GOptionEntry own[OWN_ENTRIES] = {
    { "measurement", 0, 0, G_OPTION_ARG_STRING, &o->measurement,
      N_("The measurement from QEMU or libvirt, or a file with it"), N_("BASE64") },
    { "tik", 0, 0, G_OPTION_ARG_FILENAME, &o->tik, N_("The launch's integrity key"), N_("FILE") },
    { "api", 0, 0, G_OPTION_ARG_STRING, &o->api, N_("SEV API version of the host"), N_("MAJOR.MINOR") },
    { "build", 0, 0, G_OPTION_ARG_STRING, &o->build, N_("SEV firmware build of the host"), N_("N") },
    { "digest", 0, 0, G_OPTION_ARG_STRING, &o->digest,
      N_("Expected launch digest, or a file with it, instead of --firmware and so on"), N_("HEX") },
  };

  va_sev_launch_entries (&o->launch, entries);
  for (guint i = 0; i < OWN_ENTRIES; i++)
    entries[VA_SEV_LAUNCH_ENTRIES + i] = own[i];
}

VaExit
va_sev_measured_context (const VaCall *call, const VaSevMeasuredOptions *o, VaLaunchContext *context)
{
  const VaNeeded needed[] = {
    { "--measurement", o->measurement }, { "--tik", o->tik }, { "--api", o->api }, { "--build", o->build },
    { "--policy", o->launch.policy },    { NULL, NULL },
  };
  g_auto(GStrv) api = NULL;
  guint64 major, minor, build;

  if (!va_call_has (call, needed))
    return VA_EXIT_USAGE;
  api = g_strsplit (o->api, ".", 3);
  if (g_strv_length (api) != 2 || !va_number_parse (api[0], 0, 255, &major, NULL)
      || !va_number_parse (api[1], 0, 255, &minor, NULL))
    return va_call_usage (call, _("--api: “%s” is not of the form MAJOR.MINOR, e.g. 1.51"), o->api);
  if (!va_number_parse (o->build, 0, 255, &build, NULL))
    return va_call_usage (call, _("--build: “%s” is not a number from 0 to 255"), o->build);
  context->api_major = (guint8) major;
  context->api_minor = (guint8) minor;
  context->build_id = (guint8) build;
  return va_sev_policy_parse (call, o->launch.policy, &context->policy);
}

VaExit
va_sev_measured_read (const VaCall *call, const VaSevMeasuredOptions *o, VaSevLaunch *launch)
{
  g_autoptr(GError) error = NULL;
  VaSevLaunchDigest given = { .cpus = 0 };

  if (o->digest == NULL)
    return va_sev_launch_read (call, &o->launch, TRUE, launch);
  if (o->launch.firmware != NULL || o->launch.kernel != NULL || o->launch.vcpus != NULL)
    return va_call_usage (call, "%s", _("give --digest, or --firmware and what goes with it, not both"));
  if (!va_input_text (VA_GIVEN_DIGEST, "--digest", o->digest, given.digest, &error))
    return va_call_usage (call, "%s", error->message);
  launch->digests = g_array_new (FALSE, FALSE, sizeof given);
  g_array_append_val (launch->digests, given);
  return VA_EXIT_YES;
}

const VaSevLaunchDigest *
va_sev_measured_find (const VaSevLaunch *launch, VaSecret *tik, const VaLaunchContext *context,
                      const guint8 measurement[VA_MEASUREMENT_SIZE])
{
  for (guint i = 0; i < launch->digests->len; i++)
    {
      const VaSevLaunchDigest *digest = &g_array_index (launch->digests, VaSevLaunchDigest, i);

      if (va_measurement_matches (tik, context, digest->digest, measurement))
        return digest;
    }
  return NULL;
}
