/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include "core/i18n.h"
#include "core/json.h"
#include "operand.h"

VaExit
va_verb_launch_receipt (VaCall *call)
{
  g_autoptr(JsonObject) receipt = NULL;
  g_autofree char *text = NULL;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  code = va_operand_launch (call, "GET", "/receipt", NULL, &receipt);
  if (code != VA_EXIT_YES)
    return code;
  text = va_json_print (receipt);
  puts (text);
  return VA_EXIT_YES;
}
