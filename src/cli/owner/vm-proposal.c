/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/print.h"
#include "cli/owner/vm-text.h"

static void
print_proposal (JsonObject *proposal)
{
  g_autofree char *time = va_print_time (va_answer_number (proposal, "created"));
  JsonObject *registration = va_answer_object (proposal, "registration");

  va_print_line (_("proposed by %s at %s, proposal %s"), va_answer_text (proposal, "proposed-by"), time,
                 va_answer_text (proposal, "proposal"));
  if (registration == NULL)
    va_print_line (_("to remove the registration %s"), va_answer_text (proposal, "id"));
  else
    {
      va_print_line (_("to register as %s:"), va_answer_text (proposal, "id"));
      va_print_line ("%s", "");
      va_vm_print (registration);
      if (!va_answer_true (registration, "two-persons"))
        {
          va_print_line ("%s", "");
          va_print_line ("%s", _("It would no longer require two people: once confirmed, one person alone can change "
                                 "it and approve its launches."));
        }
    }
}

gboolean
va_vm_print_proposed (JsonObject *answer)
{
  const char *proposal = va_answer_text (answer, "proposal");

  if (proposal == NULL)
    return FALSE;
  va_print_line ("%s", _("Proposed. A second person must review and confirm it:"));
  va_print_line ("  virt-attest vm proposal %s", va_answer_text (answer, "id"));
  va_print_line ("  virt-attest vm confirm %s %s", va_answer_text (answer, "id"), proposal);
  return TRUE;
}

/* Asks about the registration that the first operand names. */
static VaExit
ask_for_change (VaCall *call, const char *method, const char *after, JsonObject *body, JsonObject **reply)
{
  g_autofree char *path = va_operand_path (call, "/v1/vm/", call->operands[0]), *whole = NULL;
  g_autoptr(GError) error = NULL;

  if (path == NULL)
    return VA_EXIT_USAGE;
  whole = g_strconcat (path, after, NULL);
  return va_call_ask (call, method, whole, body, reply, &error) ? VA_EXIT_YES : va_call_fail (error);
}

VaExit
va_verb_vm_proposal (VaCall *call)
{
  g_autoptr(JsonObject) proposal = NULL;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  code = ask_for_change (call, "GET", "/proposal", NULL, &proposal);
  if (code == VA_EXIT_YES && call->json)
    va_print_json (proposal);
  else if (code == VA_EXIT_YES)
    print_proposal (proposal);
  return code;
}

VaExit
va_verb_vm_confirm (VaCall *call)
{
  g_autoptr(JsonObject) body = json_object_new (), answer = NULL;
  VaExit code;

  if (!va_call_parse (call, NULL, 2, 2))
    return VA_EXIT_USAGE;
  json_object_set_string_member (body, "proposal", call->operands[1]);
  code = ask_for_change (call, "POST", "/confirm", body, &answer);
  if (code == VA_EXIT_YES)
    va_print_line ("%s", _("Confirmed; now in effect."));
  return code;
}

VaExit
va_verb_vm_withdraw (VaCall *call)
{
  VaExit code;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  code = ask_for_change (call, "DELETE", "/proposal", NULL, NULL);
  if (code == VA_EXIT_YES)
    va_print_line ("%s", _("withdrawn"));
  return code;
}

VaExit
va_verb_vm_remove (VaCall *call)
{
  g_autoptr(JsonObject) answer = NULL;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  code = ask_for_change (call, "DELETE", "", NULL, &answer);
  if (code == VA_EXIT_YES && !va_vm_print_proposed (answer))
    va_print_line ("%s", _("removed"));
  return code;
}
