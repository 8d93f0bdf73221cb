/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "firmware.h"
#include "print.h"
#include "sev-launch.h"

typedef struct {
  char *cpu, *profile, *firmware, *out;
} Options;

static void
options_clear (Options *o)
{
  g_free (o->cpu);
  g_free (o->profile);
  g_free (o->firmware);
  g_free (o->out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* Builds one save area, writes it, and says so. */
static gboolean
write_page (const VaCall *call, const Options *o, const char *name, guint32 reset, guint32 signature,
            VaVmsaProfile profile, JsonObject *object, GError **error)
{
  g_autofree char *path = g_build_filename (o->out, name, NULL), *hex = NULL;
  guint8 page[VA_VMSA_SIZE], hash[VA_SHA256_SIZE];

  va_sev_vmsa_build (reset, signature, profile, page);
  va_sha256 (page, sizeof page, hash);
  hex = va_hex_encode (hash, sizeof hash);
  if (!va_file_write (path, page, sizeof page, 0644, error))
    return FALSE;
  if (call->json)
    json_object_set_string_member (object, name, hex);
  else
    printf ("%s  %s\n", hex, path);
  return TRUE;
}

static VaExit
build (const VaCall *call, const Options *o, guint32 signature, VaVmsaProfile profile)
{
  g_autoptr(JsonObject) object = json_object_new ();
  g_autoptr(VaFirmwareFile) firmware = NULL;
  g_autoptr(GError) error = NULL;

  if (o->firmware != NULL)
    {
      firmware = va_firmware_file_read (o->firmware, &error);
      if (firmware == NULL)
        return va_sev_fail (error);
      if (firmware->footer.ap_reset == 0)
        {
          g_printerr (_("virt-attest: %s has no reset address for SEV-ES, so it cannot start more than one vCPU\n"),
                      o->firmware);
          return VA_EXIT_BROKEN;
        }
    }
  if (!va_folder_make (o->out, 0755, &error)
      || !write_page (call, o, "vmsa0.bin", VA_VMSA_FIRST_RESET, signature, profile, object, &error)
      || (firmware != NULL
          && !write_page (call, o, "vmsa1.bin", firmware->footer.ap_reset, signature, profile, object, &error)))
    return va_sev_fail (error);
  if (call->json)
    va_print_json (object);
  return VA_EXIT_YES;
}

VaExit
va_verb_sev_vmsa_build (VaCall *call)
{
  g_auto(Options) o = { .cpu = NULL };
  const GOptionEntry entries[] = {
    { "cpu", 0, 0, G_OPTION_ARG_STRING, &o.cpu, N_("CPU model"), N_("MODEL|FAMILY/MODEL/STEPPING") },
    { "vmsa-profile", 0, 0, G_OPTION_ARG_STRING, &o.profile, N_("What hosts put into the FPU's state and sev_features"),
      N_("zero|fpu|zero-debug-swap|fpu-debug-swap") },
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o.firmware, N_("Make that of the other vCPUs too: they begin where it says"),
      N_("FILE") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, N_("Where the files go"), N_("DIR") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  VaVmsaProfile profile;
  guint32 signature;

  if (!va_call_parse (call, entries, 0, 0)
      || !va_call_has (call, (const VaNeeded[]){ { "--cpu", o.cpu }, { "--vmsa-profile", o.profile }, { "--out", o.out },
                                                 { NULL, NULL } }))
    return VA_EXIT_USAGE;
  if (!va_cpu_parse (o.cpu, &signature, &error))
    return va_call_usage (call, "--cpu: %s", error->message);
  if (!va_vmsa_profile_parse (o.profile, &profile))
    return va_call_usage (call, _("--vmsa-profile: “%s” is none of zero, fpu, zero-debug-swap, fpu-debug-swap"), o.profile);
  return build (call, &o, signature, profile);
}
