/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/query.h"

#include <inttypes.h>
#include <string.h>
#include "api/registration-secrets.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/number.h"
#include "service/refusal.h"

#define HASH_DIGITS 64

gboolean
va_query_number (const VaRequest *request, const char *name, guint64 min, guint64 max, guint64 *out, GError **error)
{
  const char *text = va_request_query (request, name);

  if (text == NULL || va_number_parse (text, min, max, out, NULL))
    return TRUE;
  return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("%s: expected a number from %" PRIu64 " to %" PRIu64 ", not “%s”"),
                    name, min, max, text);
}

gboolean
va_query_uuid (const VaRequest *request, const char *name, const char **out, GError **error)
{
  const char *text = va_request_query (request, name);

  if (text != NULL && !va_uuid_is_canonical (text))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("%s: expected a UUID in lower case, not “%s”"), name, text);
  if (text != NULL)
    *out = text;
  return TRUE;
}

gboolean
va_hash_is_canonical (const char *text)
{
  return strlen (text) == HASH_DIGITS && strspn (text, "0123456789abcdef") == HASH_DIGITS;
}

gboolean
va_query_hash (const VaRequest *request, const char *name, const char **out, GError **error)
{
  const char *text = va_request_query (request, name);

  if (text != NULL && !va_hash_is_canonical (text))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("%s: expected a SHA-256, %d digits of 0-9 a-f, not “%s”"), name,
                      HASH_DIGITS, text);
  if (text != NULL)
    *out = text;
  return TRUE;
}

gboolean
va_query_name (const VaRequest *request, const char *name, const char **out, GError **error)
{
  const char *text = va_request_query (request, name);

  if (text != NULL && !va_secret_name_is_valid (text) && !va_identity_name_is_valid (text))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("%s: expected a name of A-Z a-z 0-9 . _ -, not “%s”"), name,
                      text);
  if (text != NULL)
    *out = text;
  return TRUE;
}
