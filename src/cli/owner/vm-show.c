/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/operand.h"
#include "cli/print.h"
#include "cli/owner/vm-text.h"

VaExit
va_verb_vm_show (VaCall *call)
{
  g_autofree char *path = NULL;
  g_autoptr(JsonObject) vm = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  path = va_operand_path (call, "/v1/vm/", call->operands[0]);
  if (path == NULL)
    return VA_EXIT_USAGE;
  if (!va_call_ask (call, "GET", path, NULL, &vm, &error))
    return va_call_fail (error);
  if (call->json)
    va_print_json (vm);
  else
    va_vm_print (vm);
  return VA_EXIT_YES;
}
