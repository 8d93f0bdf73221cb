/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <string.h>
#include "core/i18n.h"
#include "cli/operand.h"

#define HASH_DIGITS 64

VaExit
va_verb_artifact_remove (VaCall *call)
{
  const char *hash;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  hash = call->operands[0];
  if (strlen (hash) != HASH_DIGITS || strspn (hash, "0123456789abcdef") != HASH_DIGITS)
    return va_call_usage (call,
                          _("“%s” is not the hash of an image: expected %d digits of 0-9 a-f, as “artifact list” "
                            "shows"),
                          hash, HASH_DIGITS);
  return va_operand_delete (call, g_strconcat ("/v1/artifact/", hash, NULL), _("removed"));
}
