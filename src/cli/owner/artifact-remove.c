/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/owner/artifact-text.h"

VaExit
va_verb_artifact_remove (VaCall *call)
{
  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  return va_operand_delete (call, va_artifact_path (call, call->operands[0]), _("removed"));
}
