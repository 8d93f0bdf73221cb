/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "core/number.h"
#include "print.h"
#include "sev-launch.h"
#include "sev/measurement.h"

typedef struct {
  VaSevLaunchOptions launch;
  char *measurement, *tik, *api, *build, *digest;
} Options;

static void
options_clear (Options *o)
{
  va_sev_launch_options_clear (&o->launch);
  g_free (o->measurement);
  g_free (o->tik);
  g_free (o->api);
  g_free (o->build);
  g_free (o->digest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

#define OWN_ENTRIES 5

static void
fill_entries (Options *o, GOptionEntry entries[VA_SEV_LAUNCH_ENTRIES + OWN_ENTRIES + 1])
{
  const GOptionEntry own[OWN_ENTRIES] = {
    { "measurement", 0, 0, G_OPTION_ARG_STRING, &o->measurement, N_("What QEMU or libvirt gave"), N_("BASE64") },
    { "tik", 0, 0, G_OPTION_ARG_FILENAME, &o->tik, N_("The launch's integrity key, 16 bytes"), N_("FILE") },
    { "api", 0, 0, G_OPTION_ARG_STRING, &o->api, N_("SEV API version of the host"), N_("MAJOR.MINOR") },
    { "build", 0, 0, G_OPTION_ARG_STRING, &o->build, N_("SEV firmware build of the host"), N_("N") },
    { "digest", 0, 0, G_OPTION_ARG_STRING, &o->digest, N_("Expected launch digest, instead of --firmware and so on"),
      N_("HEX") },
  };

  va_sev_launch_entries (&o->launch, entries);
  for (guint i = 0; i < OWN_ENTRIES; i++)
    entries[VA_SEV_LAUNCH_ENTRIES + i] = own[i];
  entries[VA_SEV_LAUNCH_ENTRIES + OWN_ENTRIES] = (GOptionEntry){ 0 };
}

static VaExit
read_context (const VaCall *call, const Options *o, VaLaunchContext *context)
{
  const struct { const char *name, *value; } needed[] = {
    { "--measurement", o->measurement }, { "--tik", o->tik }, { "--api", o->api }, { "--build", o->build },
    { "--policy", o->launch.policy },
  };
  g_auto(GStrv) api = NULL;
  guint64 major, minor, build;

  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    if (needed[i].value == NULL)
      return va_call_usage (call, _("%s is missing"), needed[i].name);
  api = g_strsplit (o->api, ".", 3);
  if (g_strv_length (api) != 2 || !va_number_parse (api[0], 0, 255, &major, NULL)
      || !va_number_parse (api[1], 0, 255, &minor, NULL))
    return va_call_usage (call, _("--api: “%s” is not of the form MAJOR.MINOR, e.g. 1.51"), o->api);
  if (!va_number_parse (o->build, 0, 255, &build, NULL))
    return va_call_usage (call, _("--build: “%s” is no number from 0 to 255"), o->build);
  context->api_major = (guint8) major;
  context->api_minor = (guint8) minor;
  context->build_id = (guint8) build;
  return va_sev_policy_parse (call, o->launch.policy, &context->policy);
}

static VaExit
read_digests (const VaCall *call, const Options *o, GArray **digests)
{
  g_autoptr(GError) error = NULL;
  VaSevLaunchDigest given = { .cpus = 0 };

  if (o->digest == NULL)
    return va_sev_launch_digests (call, &o->launch, TRUE, digests);
  if (o->launch.firmware != NULL || o->launch.kernel != NULL || o->launch.vcpus != NULL)
    return va_call_usage (call, "%s", _("give --digest, or --firmware and what goes with it, not both"));
  if (!va_hex_decode (o->digest, given.digest, VA_SHA256_SIZE, &error))
    return va_call_usage (call, "--digest: %s", error->message);
  *digests = g_array_new (FALSE, FALSE, sizeof given);
  g_array_append_val (*digests, given);
  return VA_EXIT_YES;
}

static void
print (const VaCall *call, const VaSevLaunchDigest *found, guint tried)
{
  g_autofree char *hex = found != NULL ? va_hex_encode (found->digest, VA_SHA256_SIZE) : NULL;

  if (call->json)
    {
      g_autoptr(JsonObject) object = json_object_new ();

      json_object_set_boolean_member (object, "matches", found != NULL);
      if (found != NULL)
        json_object_set_string_member (object, "digest", hex);
      if (found != NULL && found->cpus > 0)
        json_object_set_int_member (object, "cpu-count", found->cpus);
      if (found != NULL && found->profile != NULL)
        json_object_set_string_member (object, "vmsa-profile", found->profile);
      va_print_json (object);
    }
  else if (found == NULL)
    printf (_("no: the measurement is that of none of %u digests\n"), tried);
  else if (found->profile != NULL)
    printf (_("yes: launch digest %s, vCPUs: %u, VMSA profile: %s\n"), hex, found->cpus, found->profile);
  else
    printf (_("yes: launch digest %s\n"), hex);
}

VaExit
va_verb_sev_verify (VaCall *call)
{
  g_auto(Options) options = { .measurement = NULL };
  GOptionEntry entries[VA_SEV_LAUNCH_ENTRIES + OWN_ENTRIES + 1];
  g_autoptr(GArray) digests = NULL;
  g_autoptr(VaSecret) tik = NULL;
  g_autoptr(GError) error = NULL;
  guint8 measurement[VA_MEASUREMENT_SIZE];
  const VaSevLaunchDigest *found = NULL;
  VaLaunchContext context;
  VaExit code;

  fill_entries (&options, entries);
  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = read_context (call, &options, &context);
  if (code == VA_EXIT_YES)
    code = read_digests (call, &options, &digests);
  if (code != VA_EXIT_YES)
    return code;
  if (!va_base64_decode_exact (options.measurement, measurement, sizeof measurement, &error))
    {
      g_prefix_error (&error, "--measurement: ");
      return va_sev_fail (error);
    }
  tik = va_sev_key_read (options.tik, &error);
  if (tik == NULL)
    return va_sev_fail (error);
  for (guint i = 0; i < digests->len && found == NULL; i++)
    {
      const VaSevLaunchDigest *digest = &g_array_index (digests, VaSevLaunchDigest, i);

      if (va_measurement_matches (tik, &context, digest->digest, measurement))
        found = digest;
    }
  print (call, found, digests->len);
  return found != NULL ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
