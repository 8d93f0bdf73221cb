/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "cli/print.h"
#include "cli/sev/launch.h"

static void
print_digests_json (const GArray *digests)
{
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < digests->len; i++)
    {
      const VaSevLaunchDigest *digest = &g_array_index (digests, VaSevLaunchDigest, i);
      g_autofree char *hex = va_hex_encode (digest->digest, VA_SHA256_SIZE);
      JsonObject *element = json_object_new ();

      json_object_set_string_member (element, "digest", hex);
      if (digest->cpus > 0)
        json_object_set_int_member (element, "cpu-count", digest->cpus);
      if (digest->profile != NULL)
        json_object_set_string_member (element, "vmsa-profile", digest->profile);
      json_array_add_object_element (array, element);
    }
  json_object_set_array_member (object, "digests", array);
  va_print_json (object);
}

/* The bare digest, for scripts; of several, each with what it is of. */
static void
print_digests_text (const GArray *digests, gboolean all)
{
  for (guint i = 0; i < digests->len; i++)
    {
      const VaSevLaunchDigest *digest = &g_array_index (digests, VaSevLaunchDigest, i);
      g_autofree char *hex = va_hex_encode (digest->digest, VA_SHA256_SIZE);

      if (all && digest->cpus > 0)
        printf ("%s %u %s\n", hex, digest->cpus, digest->profile != NULL ? digest->profile : "-");
      else
        puts (hex);
    }
}

VaExit
va_verb_sev_digest (VaCall *call)
{
  g_auto(VaSevLaunchOptions) options = { 0 };
  g_auto(VaSevLaunch) launch = { 0 };
  gboolean all = FALSE;
  GOptionEntry entries[VA_SEV_LAUNCH_ENTRIES + 2] = { { 0 } };
  VaExit code;

  va_sev_launch_entries (&options, entries);
  entries[VA_SEV_LAUNCH_ENTRIES] =
    (GOptionEntry){ "all", 0, 0, G_OPTION_ARG_NONE, &all, N_("SEV-ES: each vCPU count with each profile, one per line"),
                    NULL };
  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = va_sev_launch_read (call, &options, all, &launch);
  if (code == VA_EXIT_YES)
    code = va_sev_launch_check_kernel (&options, &launch);
  if (code != VA_EXIT_YES)
    return code;
  if (call->json)
    print_digests_json (launch.digests);
  else
    print_digests_text (launch.digests, all);
  return VA_EXIT_YES;
}
