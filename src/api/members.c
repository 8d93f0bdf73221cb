/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/members.h"

#include <string.h>
#include "api/messages.h"
#include "core/encoding.h"
#include "core/i18n.h"

void
va_fields_api (VaFields *fields, const char *name, guint8 *major, guint8 *minor)
{
  VaFields nested = VA_FIELDS_INIT (va_fields_object (fields, name, VA_OPTIONAL), name);
  guint64 high = *major, low = *minor;

  if (nested.object == NULL)
    return;
  va_fields_number (&nested, "major", VA_REQUIRED, 0, 255, &high);
  va_fields_number (&nested, "minor", VA_REQUIRED, 0, 255, &low);
  va_fields_nested_end (fields, name, &nested);
  *major = (guint8) high;
  *minor = (guint8) low;
}

static gboolean
is_host_name (const char *text)
{
  gsize length;

  text += text[0] == '@' ? 1 : 0; /* a group */
  length = strlen (text);
  return length >= 1 && length <= 64 && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

static gboolean
is_chip (const char *text)
{
  return va_is_hex (text, 2 * VA_SHA256_SIZE);
}

void
va_fields_places (VaFields *fields, char ***hosts, char ***chips)
{
  *hosts = va_fields_strings (fields, "hosts", VA_OPTIONAL, VA_REFERENCES_MAX, 65);
  va_fields_check_each (fields, "hosts", *hosts, is_host_name,
                        _("1 to 64 of a-z 0-9 . _ -, “@” before the name of a group"));
  *chips = va_fields_strings (fields, "chips", VA_OPTIONAL, VA_REFERENCES_MAX, 64);
  va_fields_check_each (fields, "chips", *chips, is_chip, _("64 lower-case hexadecimal digits"));
}

void
va_json_set_api (JsonObject *object, const char *name, guint8 major, guint8 minor)
{
  JsonObject *api;

  if (major == 0 && minor == 0)
    return;
  api = json_object_new ();
  json_object_set_int_member (api, "major", major);
  json_object_set_int_member (api, "minor", minor);
  json_object_set_object_member (object, name, api);
}
