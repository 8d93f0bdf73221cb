/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include "answer.h"
#include "core/i18n.h"
#include "operand.h"
#include "print.h"

VaExit
va_verb_launch_revoke (VaCall *call)
{
  g_autofree char *path = NULL, *whole = NULL;
  g_autoptr(JsonObject) launch = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  path = va_operand_path (call, "/v1/launch/", call->operands[0]);
  if (path == NULL)
    return VA_EXIT_USAGE;
  whole = g_strconcat (path, "/revoke", NULL);
  if (!va_call_ask (call, "POST", whole, NULL, &launch, &error))
    return va_call_fail (error);
  if (call->json)
    va_print_json (launch);
  else
    printf (_("revoked: launch %s on host %s\n"), va_answer_text (launch, "launch-id"), va_answer_text (launch, "host"));
  return VA_EXIT_YES;
}
