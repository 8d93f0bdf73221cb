/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/print.h"

/* Both end a launch that has not had its secrets. */
static VaExit
post_launch_end (VaCall *call, const char *how, const char *done)
{
  g_autoptr(JsonObject) launch = NULL;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  code = va_operand_launch (call, "POST", how, NULL, &launch);
  if (code != VA_EXIT_YES)
    return code;
  if (call->json)
    va_print_json (launch);
  else
    va_print_line (_("%s: launch %s on host %s"), done, va_answer_text (launch, "launch-id"),
                   va_answer_text (launch, "host"));
  return VA_EXIT_YES;
}

VaExit
va_verb_launch_revoke (VaCall *call)
{
  return post_launch_end (call, "/revoke", _("revoked"));
}

VaExit
va_verb_launch_deny (VaCall *call)
{
  return post_launch_end (call, "/deny", _("denied"));
}
