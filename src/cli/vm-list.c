/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include "answer.h"
#include "core/i18n.h"
#include "print.h"
#include "vm-pages.h"
#include "vm-text.h"

static void
print_list (JsonArray *vms)
{
  VaTable *table = va_table_new (
    (const char *[]){ _("ID"), _("NAME"), _("SCHEME"), _("LAUNCHES"), _("RUNNING"), _("CREATED"), NULL });

  for (guint i = 0; i < va_answer_length (vms); i++)
    {
      JsonObject *vm = va_answer_element (vms, i);

      va_table_add (table, g_strdup (va_answer_text (vm, "id")), g_strdup (va_answer_text (vm, "name")),
                    g_strdup (va_answer_text (vm, "scheme")), va_vm_used (vm, "launches", "max-launches"),
                    va_vm_used (vm, "running", "max-running"), va_print_time (va_answer_number (vm, "created")));
    }
  va_table_print (table, _("no registrations"));
}

static void
print_json (JsonArray *vms)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_array_member (object, "vms", json_array_ref (vms));
  va_print_json (object);
}

VaExit
va_verb_vm_list (VaCall *call)
{
  g_autoptr(JsonArray) vms = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 0, 0))
    return VA_EXIT_USAGE;
  vms = va_vm_ask_all (call, &error);
  if (vms == NULL)
    return va_call_fail (error);
  if (call->json)
    print_json (vms);
  else
    print_list (vms);
  return VA_EXIT_YES;
}
