/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/output-file.h"
#include "cli/print.h"
#include "cli/sev/launch.h"

typedef struct {
  char *cpu, *profile, *firmware, *out;
  gboolean force;
} VmsaOptions;

static void
vmsa_options_clear (VmsaOptions *o)
{
  g_free (o->cpu);
  g_free (o->profile);
  g_free (o->firmware);
  g_free (o->out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VmsaOptions, vmsa_options_clear)

/* The save areas of the first vCPU and of the others: one of them without a firmware. */
typedef struct {
  guint8 bytes[2][VA_VMSA_SIZE];
  char *paths[2];
  guint n;
} Pages;

static const char *const names[] = { "vmsa0.bin", "vmsa1.bin" };

static void
pages_clear (Pages *pages)
{
  for (guint i = 0; i < pages->n; i++)
    g_free (pages->paths[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pages, pages_clear)

static void
add_vmsa_page (Pages *pages, const VmsaOptions *o, guint32 reset, guint32 signature, VaVmsaProfile profile)
{
  va_sev_vmsa_build (reset, signature, profile, pages->bytes[pages->n]);
  pages->paths[pages->n] = g_build_filename (o->out, names[pages->n], NULL);
  pages->n++;
}

static void
print_pages (const VaCall *call, const Pages *pages)
{
  g_autoptr(JsonObject) object = json_object_new ();

  for (guint i = 0; i < pages->n; i++)
    {
      guint8 hash[VA_SHA256_SIZE];
      g_autofree char *hex = NULL;

      va_sha256 (pages->bytes[i], VA_VMSA_SIZE, hash);
      hex = va_hex_encode (hash, sizeof hash);
      if (call->json)
        json_object_set_string_member (object, names[i], hex);
      else
        printf ("%s  %s\n", hex, pages->paths[i]);
    }
  if (call->json)
    va_print_json (object);
}

/* All of them, or none. */
static gboolean
write_pages (const VmsaOptions *o, const Pages *pages, GError **error)
{
  VaNewFile files[2];

  for (guint i = 0; i < pages->n; i++)
    files[i] = (VaNewFile){ pages->paths[i], pages->bytes[i], VA_VMSA_SIZE, 0644 };
  return va_folder_make (o->out, 0755, error) && va_output_write (files, pages->n, o->force, error);
}

static VaExit
build_pages (const VaCall *call, const VmsaOptions *o, guint32 signature, VaVmsaProfile profile)
{
  g_autoptr(VaFirmwareFile) firmware = NULL;
  g_auto(Pages) pages = { .n = 0 };
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
  add_vmsa_page (&pages, o, VA_VMSA_FIRST_RESET, signature, profile);
  if (firmware != NULL)
    add_vmsa_page (&pages, o, firmware->footer.ap_reset, signature, profile);
  if (!write_pages (o, &pages, &error))
    return va_sev_fail (error);
  print_pages (call, &pages);
  return VA_EXIT_YES;
}

VaExit
va_verb_sev_vmsa_build (VaCall *call)
{
  g_auto(VmsaOptions) o = { .cpu = NULL };
  const GOptionEntry entries[] = {
    { "cpu", 0, 0, G_OPTION_ARG_STRING, &o.cpu, N_("CPU model"), N_("MODEL|FAMILY/MODEL/STEPPING") },
    { "vmsa-profile", 0, 0, G_OPTION_ARG_STRING, &o.profile, N_("How hosts initialize the FPU state and sev_features"),
      N_("zero|fpu|zero-debug-swap|fpu-debug-swap") },
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o.firmware,
      N_("Also create the one for the other vCPUs, which start at the firmware's reset address"), N_("FILE") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, N_("Where to write the files"), N_("DIR") },
    VA_OUTPUT_FORCE (&o.force),
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  VaVmsaProfile profile;
  guint32 signature;

  if (!va_call_parse (call, entries, 0, 0)
      || !va_call_has (call,
                       (const VaNeeded[]){
                         { "--cpu", o.cpu }, { "--vmsa-profile", o.profile }, { "--out", o.out }, { NULL, NULL } }))
    return VA_EXIT_USAGE;
  if (!va_cpu_parse (o.cpu, &signature, &error))
    return va_call_usage (call, "--cpu: %s", error->message);
  if (!va_vmsa_profile_parse (o.profile, &profile))
    return va_call_usage (call, _("--vmsa-profile: “%s” is not one of zero, fpu, zero-debug-swap, fpu-debug-swap"),
                          o.profile);
  return build_pages (call, &o, signature, profile);
}
