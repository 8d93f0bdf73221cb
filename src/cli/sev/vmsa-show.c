/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "core/i18n.h"
#include "cli/print.h"
#include "cli/sev/launch.h"

static void
print_vmsa_json (const VaVmsa *vmsa, const guint8 *page)
{
  g_autoptr(JsonObject) object = json_object_new ();
  JsonObject *registers = json_object_new ();
  g_autofree char *reset = g_strdup_printf ("0x%" PRIx64, vmsa->reset);
  gsize count;
  const VaVmsaField *fields = va_vmsa_fields (&count);

  json_object_set_string_member (object, "reset", reset);
  json_object_set_int_member (object, "cpu-signature", vmsa->signature);
  json_object_set_string_member (object, "vmsa-profile", va_vmsa_profile_name (vmsa->profile));
  json_object_set_int_member (object, "unusual-bytes", vmsa->differing);
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *value = g_strdup_printf ("0x%" PRIx64, va_vmsa_field_get (&fields[i], page));

      /* Beyond what JSON's readers keep exactly, so in hex. */
      json_object_set_string_member (registers, fields[i].name, value);
    }
  json_object_set_object_member (object, "registers", registers);
  va_print_json (object);
}

/* In hex; of sev_features, what its bits are called too. */
static char *
field_text (const VaVmsaField *field, const guint8 *page)
{
  guint64 value = va_vmsa_field_get (field, page);
  g_autofree char *hex = g_strdup_printf ("0x%0*" PRIx64, 2 * field->size, value), *names = NULL;

  if (!g_str_equal (field->name, "sev_features") || value == 0)
    return g_steal_pointer (&hex);
  names = va_vmsa_features_text (value);
  return g_strdup_printf ("%s (%s)", hex, names);
}

static void
print_vmsa_text (const VaVmsa *vmsa, const guint8 *page)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });
  gsize count;
  const VaVmsaField *fields = va_vmsa_fields (&count);

  va_table_field (table, _("starts at"), g_strdup_printf ("0x%" PRIx64, vmsa->reset));
  va_table_field (table, _("CPU"), va_cpu_describe (vmsa->signature));
  va_table_field (table, _("VMSA profile"), g_strdup (va_vmsa_profile_name (vmsa->profile)));
  if (vmsa->differing == 0)
    va_table_field (table, _("matches “sev vmsa build”"), g_strdup (_("yes")));
  else
    va_table_field (table, _("matches “sev vmsa build”"),
                    g_strdup_printf (_("no: bytes that differ: %u, the first at 0x%x"), vmsa->differing,
                                     vmsa->first_differing));
  for (gsize i = 0; i < count; i++)
    va_table_field (table, fields[i].name, field_text (&fields[i], page));
  va_table_print (table, "");
}

VaExit
va_verb_sev_vmsa_show (VaCall *call)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) file = NULL;
  const guint8 *page;
  VaVmsa vmsa;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  file = va_sev_vmsa_file (call->operands[0], &error);
  if (file == NULL)
    return va_sev_fail (error);
  page = g_bytes_get_data (file, NULL);
  va_sev_vmsa_read (page, &vmsa);
  if (call->json)
    print_vmsa_json (&vmsa, page);
  else
    print_vmsa_text (&vmsa, page);
  return VA_EXIT_YES;
}
