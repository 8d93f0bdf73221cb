/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include "core/i18n.h"
#include "operand.h"

VaExit
va_verb_vm_remove (VaCall *call)
{
  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  return va_operand_delete (call, va_operand_path (call, "/v1/vm/", call->operands[0]), _("removed"));
}
