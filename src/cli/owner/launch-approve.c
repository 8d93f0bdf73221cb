/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/answer.h"
#include "api/approval.h"
#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/print.h"

static void
print_approval (JsonObject *launch, const VaApproval *approval)
{
  g_autofree char *until = va_print_time (va_answer_number (launch, "expires"));

  if (!va_answer_true (launch, "approved"))
    {
      va_print_line (_("approved by you: launch %s waits for the approval of a second person until %s"),
                     va_answer_text (launch, "launch-id"), until);
      return;
    }
  va_print_line (_("approved: launch %s of domain %s on host %s, until %s"), va_answer_text (launch, "launch-id"),
                 va_answer_text (va_answer_object (launch, "domain"), "name"), va_answer_text (launch, "host"), until);
  if (approval->launches > 1)
    va_print_line (ngettext ("This also approves the registration's next %u launch until then.",
                             "This also approves the registration's next %u launches until then.",
                             approval->launches - 1),
                   approval->launches - 1);
}

VaExit
va_verb_launch_approve (VaCall *call)
{
  int launches = 1, seconds = VA_APPROVAL_SECONDS;
  const GOptionEntry options[] = {
    { "launches", 0, 0, G_OPTION_ARG_INT, &launches, N_("This and the registration's next N-1 launches [1]"), N_("N") },
    { "valid", 0, 0, G_OPTION_ARG_INT, &seconds, N_("How long the approval is valid, in seconds [3600]"),
      N_("SECONDS") },
    { NULL },
  };
  VaApproval approval;
  g_autoptr(JsonObject) body = NULL, launch = NULL;
  VaExit code;

  if (!va_call_parse (call, options, 1, 1))
    return VA_EXIT_USAGE;
  if (launches < 1 || launches > VA_APPROVAL_LAUNCHES_MAX)
    return va_call_usage (call, _("--launches must be from 1 to %d"), VA_APPROVAL_LAUNCHES_MAX);
  if (seconds < 1 || seconds > VA_APPROVAL_SECONDS_MAX)
    return va_call_usage (call, _("--valid must be from 1 to %d"), VA_APPROVAL_SECONDS_MAX);
  approval = (VaApproval){ .launches = (guint) launches, .valid_seconds = (guint) seconds };
  body = va_approval_write (&approval);
  code = va_operand_launch (call, "POST", "/approve", body, &launch);
  if (code != VA_EXIT_YES)
    return code;
  if (call->json)
    va_print_json (launch);
  else
    print_approval (launch, &approval);
  return VA_EXIT_YES;
}
