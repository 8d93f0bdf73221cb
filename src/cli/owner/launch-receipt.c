/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/print.h"

VaExit
va_verb_launch_receipt (VaCall *call)
{
  g_autoptr(JsonObject) receipt = NULL;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  code = va_operand_launch (call, "GET", "/receipt", NULL, &receipt);
  if (code != VA_EXIT_YES)
    return code;
  va_print_json_line (receipt);
  return VA_EXIT_YES;
}
