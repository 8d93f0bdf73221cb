/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/pages.h"
#include "cli/print.h"
#include "cli/owner/vm-text.h"

static void
print_registrations (JsonObject *answer)
{
  JsonArray *vms = va_answer_array (answer, "vms");
  VaTable *table =
    va_table_new ((const char *[]){ _("ID"), _("NAME"), _("SCHEME"), _("LAUNCHES"), _("RUNNING"), _("CREATED"), NULL });

  for (guint i = 0; i < va_answer_length (vms); i++)
    {
      JsonObject *vm = va_answer_element (vms, i);

      if (va_answer_true (vm, "unreadable"))
        {
          va_table_add_unreadable (table, va_answer_text (vm, "id"));
          continue;
        }
      va_table_add (table, g_strdup (va_answer_text (vm, "id")), g_strdup (va_answer_text (vm, "name")),
                    g_strdup (va_answer_text (vm, "scheme")), va_vm_used (vm, "launches", "max-launches"),
                    va_vm_used (vm, "running", "max-running"), va_print_time (va_answer_number (vm, "created")));
    }
  va_table_print (table, _("no registrations"));
}

VaExit
va_verb_vm_list (VaCall *call)
{
  g_autoptr(JsonObject) answer = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 0, 0))
    return VA_EXIT_USAGE;
  answer = va_pages_ask (call, &(VaPages){ "/v1/vm", "vms", "id", 0 }, &error);
  if (answer == NULL)
    return va_call_fail (error);
  if (call->json)
    va_print_json (answer);
  else
    print_registrations (answer);
  return VA_EXIT_YES;
}
