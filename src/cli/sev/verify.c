/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "cli/given-input.h"
#include "cli/print.h"
#include "cli/sev/measured.h"

static void
print_found_digest (const VaCall *call, const VaSevLaunchDigest *found, guint tried)
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
    printf (_("no: the measurement matches none of %u digests\n"), tried);
  else if (found->profile != NULL)
    printf (_("yes: launch digest %s, vCPUs: %u, VMSA profile: %s\n"), hex, found->cpus, found->profile);
  else
    printf (_("yes: launch digest %s\n"), hex);
}

VaExit
va_verb_sev_verify (VaCall *call)
{
  g_auto(VaSevMeasuredOptions) options = { .measurement = NULL };
  GOptionEntry entries[VA_SEV_MEASURED_ENTRIES + 1] = { { 0 } };
  g_auto(VaSevLaunch) launch = { 0 };
  g_autoptr(VaSecret) tik = NULL;
  g_autoptr(GError) error = NULL;
  guint8 measurement[VA_MEASUREMENT_SIZE];
  const VaSevLaunchDigest *found;
  VaLaunchContext context;
  VaExit code;

  va_sev_measured_entries (&options, entries);
  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = va_sev_measured_context (call, &options, &context);
  if (code == VA_EXIT_YES)
    code = va_sev_measured_read (call, &options, &launch);
  if (code == VA_EXIT_YES)
    code = va_sev_launch_check_kernel (&options.launch, &launch);
  if (code != VA_EXIT_YES)
    return code;
  if (!va_input_text (VA_GIVEN_MEASUREMENT, "--measurement", options.measurement, measurement, &error))
    return va_sev_fail (error);
  tik = va_input_key (VA_GIVEN_TIK, options.tik, &error);
  if (tik == NULL)
    return va_sev_fail (error);
  found = va_sev_measured_find (&launch, tik, &context, measurement);
  print_found_digest (call, found, launch.digests->len);
  return found != NULL ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
