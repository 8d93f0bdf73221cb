/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "codec/fields.h"

#include <string.h>
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
