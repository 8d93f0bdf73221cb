/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <string.h>
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/firmware-modules.h"
#include "cli/print.h"
#include "cli/sev/launch.h"
#include "tee/sev/firmware-volume.h"

static char *
describe_secret_area (guint32 base, guint32 size)
{
  return base != 0 ? g_strdup_printf (_("0x%x, %u bytes"), base, size) : g_strdup (_("none"));
}

static char *
yes_if (gboolean yes, const char *otherwise)
{
  return yes ? g_strdup (_("yes")) : g_strdup_printf (_("no: %s"), otherwise);
}

/* What a firmware's first code is for. An IA32 build of OVMF and one that goes over to x86-64 (IA32X64) differ in what
   is compressed. */
static char *
machine_text (const VaFirmware *footer)
{
  if (footer->machine == VA_MACHINE_X64)
    return g_strdup (_("x86-64"));
  if (footer->machine == VA_MACHINE_IA32)
    return g_strdup (_("32-bit x86"));
  return footer->machine != 0 ? g_strdup_printf (_("another processor (0x%04x)"), footer->machine)
                              : g_strdup (_("unknown"));
}

static char *
sev_text (const VaFirmware *footer)
{
  if (footer->machine == VA_MACHINE_X64)
    return g_strdup (_("yes"));
  if (footer->machine == VA_MACHINE_IA32)
    return g_strdup (_("unknown: its first code is 32-bit; only a build whose later code is x86-64 (IA32X64) can use "
                       "SEV, and that part is compressed"));
  if (footer->machine != 0)
    return g_strdup (_("no: it is for another processor"));
  return g_strdup (_("unknown: it ends with a reset vector, but has no volume of UEFI code that can be read"));
}

static void
print_firmware_text (const VaFirmwareFile *file)
{
  const VaFirmware *footer = &file->footer;
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });

  va_table_field (table, _("firmware"), g_strdup (file->path));
  va_table_field (table, _("size"), g_strdup_printf (_("%zu bytes"), footer->size));
  va_table_field (table, _("SHA-256"), va_firmware_file_hash (file));
  va_table_field (table, _("footer table"), g_strdup (footer->has_table ? _("yes") : _("none")));
  va_table_field (table, _("secret area"), describe_secret_area (footer->secret_base, footer->secret_size));
  va_table_field (table, _("kernel hash area"), describe_secret_area (footer->hashes_base, footer->hashes_size));
  va_table_field (table, _("reset address"),
                  footer->ap_reset != 0 ? g_strdup_printf ("0x%x", footer->ap_reset) : g_strdup (_("none")));
  va_table_field (table, _("first code"), machine_text (footer));
  va_table_field (table, _("SMM"), va_firmware_file_smm (file));
  va_table_field (table, _("SEV"), sev_text (footer));
  va_table_field (table, _("SEV-ES"), va_firmware_file_es (file));
  va_table_field (table, _("kernel hashes"),
                  yes_if (footer->hashes_base != 0, _("it has no space for them, so it would boot any kernel")));
  va_table_field (table, _("secrets"), va_firmware_file_secrets (file));
  va_table_print (table, "");
}

static void
set_area (JsonObject *object, const char *base_name, guint32 base, const char *size_name, guint32 size)
{
  if (base == 0)
    return;
  json_object_set_int_member (object, base_name, base);
  json_object_set_int_member (object, size_name, size);
}

static void
print_firmware_json (const VaFirmwareFile *file)
{
  const VaFirmware *footer = &file->footer;
  g_autoptr(JsonObject) object = json_object_new ();
  g_autofree char *hash = va_firmware_file_hash (file);
  VaSecretModule module =
    va_firmware_secret_module (g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image));

  json_object_set_string_member (object, "hash", hash);
  json_object_set_int_member (object, "size", (gint64) footer->size);
  json_object_set_boolean_member (object, "footer-table", footer->has_table);
  set_area (object, "secret-base", footer->secret_base, "secret-size", footer->secret_size);
  set_area (object, "hashes-base", footer->hashes_base, "hashes-size", footer->hashes_size);
  if (module != VA_SECRET_MODULE_UNKNOWN)
    json_object_set_boolean_member (object, "secret-module", module == VA_SECRET_MODULE_FOUND);
  if (footer->ap_reset != 0)
    json_object_set_int_member (object, "ap-reset", footer->ap_reset);
  if (footer->machine != 0)
    json_object_set_string_member (object, "first-code",
                                   footer->machine == VA_MACHINE_X64    ? "x64"
                                   : footer->machine == VA_MACHINE_IA32 ? "ia32"
                                                                        : "other");
  va_print_json (object);
}

VaExit
va_verb_sev_firmware (VaCall *call)
{
  g_autoptr(VaFirmwareFile) file = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  file = va_firmware_file_read (call->operands[0], &error);
  if (file == NULL)
    return va_sev_fail (error);
  if (call->json)
    print_firmware_json (file);
  else
    print_firmware_text (file);
  return VA_EXIT_YES;
}
