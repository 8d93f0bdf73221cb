/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "core/i18n.h"
#include "cli/operand.h"

VaExit
va_verb_secret_remove (VaCall *call)
{
  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  return va_operand_delete (call, va_operand_secret_path (call, call->operands[0]), _("removed"));
}
