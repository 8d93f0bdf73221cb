/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "core/i18n.h"
#include "cli/owner/artifact-text.h"

static void
print_artifact_detail (JsonObject *artifact)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });
  gint64 reset = va_answer_number (artifact, "ap-reset");
  g_autofree char *registrations = va_answer_list (artifact, "registrations");

  va_artifact_add_fields (table, artifact);
  va_table_field (table, _("SEV-ES"),
                  reset != 0 ? g_strdup_printf (_("yes, other processors start at 0x%x"), (guint) reset)
                             : g_strdup (_("no")));
  va_table_field (table, _("uploaded"), va_print_time (va_answer_number (artifact, "created")));
  va_table_field (table, _("registrations"),
                  g_strdup (registrations != NULL && registrations[0] != '\0' ? registrations : _("none")));
  va_table_print (table, "");
}

VaExit
va_verb_artifact_show (VaCall *call)
{
  g_autofree char *path = NULL;
  g_autoptr(JsonObject) artifact = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  path = va_artifact_path (call, call->operands[0]);
  if (path == NULL)
    return VA_EXIT_USAGE;
  if (!va_call_ask (call, "GET", path, NULL, &artifact, &error))
    return va_call_fail (error);
  if (call->json)
    va_print_json (artifact);
  else
    print_artifact_detail (artifact);
  return VA_EXIT_YES;
}
