/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "codec/fields.h"

#include <string.h>
#include "api/messages.h"
#include "core/encoding.h"
#include "core/i18n.h"

void
va_fields_nested_end (VaFields *fields, const char *name, VaFields *nested)
{
  g_autoptr(GError) reason = NULL;

  if (!va_fields_end (nested, &reason))
    va_fields_fail (fields, name, "%s", reason->message);
}

char *
va_fields_text (VaFields *fields, const char *name, VaPresence presence, gsize max)
{
  const char *text = va_fields_string (fields, name, presence, max);

  if (text == NULL)
    return NULL;
  if (text[0] == '\0')
    va_fields_fail (fields, name, _("is empty: leave it out or give it a value"));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      va_fields_fail (fields, name, _("has a control character in it"));
  return fields->error == NULL ? g_strdup (text) : NULL;
}

void
va_fields_check_each (VaFields *fields, const char *name, char *const *strings, gboolean (*check) (const char *text),
                      const char *expected)
{
  if (strings == NULL)
    return;
  if (strings[0] == NULL)
    va_fields_fail (fields, name, _("is an empty list: leave it out or name at least one"));
  for (guint i = 0; strings[i] != NULL; i++)
    if (!check (strings[i]))
      va_fields_fail (fields, name, _("element %u: expected %s"), i + 1, expected);
}

char **
va_fields_one_or_several (VaFields *fields, const char *name, VaPresence presence, guint max_length, gsize max_each)
{
  JsonNode *node = fields->object != NULL ? json_object_get_member (fields->object, name) : NULL;
  const char *one;

  if (node == NULL || JSON_NODE_HOLDS_ARRAY (node))
    return va_fields_strings (fields, name, presence, max_length, max_each);
  one = va_fields_string (fields, name, presence, max_each);
  return one != NULL ? g_strdupv ((char *[]){ (char *) one, NULL }) : NULL;
}

void
va_json_set_base64 (JsonObject *object, const char *name, gconstpointer data, gsize size)
{
  g_autofree char *text = va_base64_encode (data, size);

  json_object_set_string_member (object, name, text);
}

void
va_json_set_hex (JsonObject *object, const char *name, gconstpointer data, gsize size)
{
  g_autofree char *text = va_hex_encode (data, size);

  json_object_set_string_member (object, name, text);
}

void
va_json_set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

void
va_json_set_strings (JsonObject *object, const char *name, char *const *strings)
{
  JsonArray *array;

  if (strings == NULL)
    return;
  array = json_array_new ();
  for (guint i = 0; strings[i] != NULL; i++)
    json_array_add_string_element (array, strings[i]);
  json_object_set_array_member (object, name, array);
}

void
va_json_set_one_or_several (JsonObject *object, const char *name, char *const *strings)
{
  if (strings != NULL && strings[0] != NULL && strings[1] == NULL)
    json_object_set_string_member (object, name, strings[0]);
  else
    va_json_set_strings (object, name, strings);
}

void
va_json_set_positive (JsonObject *object, const char *name, guint64 number)
{
  if (number != 0)
    json_object_set_int_member (object, name, (gint64) number);
}

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
  va_fields_check_each (fields, "hosts", *hosts, is_host_name, _("1 to 64 of a-z 0-9 . _ -, “@” before the name of a group"));
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
