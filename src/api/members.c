/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/members.h"

#include <string.h>
#include "core/encoding.h"

gboolean
va_is_sha256 (const char *text)
{
  return va_is_hex (text, VA_HASH_LENGTH);
}

gboolean
va_is_host_or_group (const char *text)
{
  gsize length;

  text += text[0] == '@' ? 1 : 0; /* a group */
  length = strlen (text);
  return length >= 1 && length <= 64 && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

void
va_fields_check_policy_rule (VaFields *fields, guint64 required, guint64 forbidden)
{
  if (required == 0 && forbidden == 0)
    va_fields_fail (fields, "required", _("is 0, and so is “forbidden”: set at least one bit in either"));
  if ((required & forbidden) != 0)
    va_fields_fail (fields, "forbidden", _("forbids bits that are required: 0x%x"), (guint) (required & forbidden));
}
