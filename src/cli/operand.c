/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/operand.h"

#include "api/limits.h"
#include "api/registration-secrets.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "cli/print.h"

char *
va_operand_path (const VaCall *call, const char *before, const char *text)
{
  g_autofree char *uuid = va_uuid_canonical (text, NULL);

  if (uuid != NULL)
    return g_strconcat (before, uuid, NULL);
  va_call_usage (call, _("“%s” is not a UUID"), text);
  return NULL;
}

VaExit
va_operand_launch (VaCall *call, const char *method, const char *after, JsonObject *json, JsonObject **reply)
{
  g_autofree char *path = va_operand_path (call, "/v1/launch/", call->operands[0]), *whole = NULL;
  g_autoptr(GError) error = NULL;

  if (path == NULL)
    return VA_EXIT_USAGE;
  whole = g_strconcat (path, after, NULL);
  return va_call_ask (call, method, whole, json, reply, &error) ? VA_EXIT_YES : va_call_fail (error);
}

char *
va_operand_secret_path (const VaCall *call, const char *name)
{
  if (va_secret_name_is_valid (name))
    return g_strconcat ("/v1/secret/", name, NULL);
  /* It may be the secret, put there by mistake. */
  va_call_usage (call, _("expected the name of a secret: 1 to %d of A-Z a-z 0-9 . _ -, not beginning with a dot"),
                 VA_NAME_MAX);
  return NULL;
}

VaExit
va_operand_delete (VaCall *call, char *path, const char *done)
{
  g_autofree char *owned = path;
  g_autoptr(GError) error = NULL;

  if (path == NULL)
    return VA_EXIT_USAGE;
  if (!va_call_ask (call, "DELETE", owned, NULL, NULL, &error))
    return va_call_fail (error);
  va_print_line ("%s", done);
  return VA_EXIT_YES;
}
