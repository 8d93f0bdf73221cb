/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/owner/artifact-text.h"

static void
print_artifact (JsonObject *artifact, const VaFirmwareFile *file)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });

  va_artifact_add_fields (table, artifact);
  va_table_field (table, _("SMM"), va_firmware_file_smm (file));
  va_table_field (table, _("SEV-ES"), va_firmware_file_es (file));
  va_table_print (table, "");
}

VaExit
va_verb_artifact_put (VaCall *call)
{
  g_autoptr(VaFirmwareFile) file = NULL;
  g_autoptr(JsonObject) artifact = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  file = va_firmware_file_read (call->operands[0], &error);
  if (file == NULL || !va_firmware_file_upload (call, file, &artifact, &error))
    return va_call_fail (error);
  if (call->json)
    va_print_json (artifact);
  else
    print_artifact (artifact, file);
  return VA_EXIT_YES;
}
