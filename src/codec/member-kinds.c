/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "codec/member-kinds.h"

#include "core/i18n.h"

static gboolean
keep_valid_text (VaFields *fields, const VaMember *member, gpointer field, char *text)
{
  *(char **) field = text;
  if (text != NULL && member->valid != NULL && !member->valid (text))
    va_fields_fail (fields, member->name, "%s", _(member->expected));
  return text != NULL;
}

static gboolean
read_text_member (VaFields *fields, const VaMember *member, gpointer field)
{
  char *text = va_fields_text (fields, member->name, member->presence, member->max);

  return keep_valid_text (fields, member, field, text);
}

static gboolean
read_string_member (VaFields *fields, const VaMember *member, gpointer field)
{
  const char *text = va_fields_string (fields, member->name, member->presence, member->max);

  return keep_valid_text (fields, member, field, g_strdup (text));
}

static gboolean
read_uuid_member (VaFields *fields, const VaMember *member, gpointer field)
{
  *(char **) field = va_fields_uuid (fields, member->name, member->presence);
  return *(char **) field != NULL;
}

static void
write_text_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  json_object_set_string_member (object, member->name, *(char *const *) field);
}

static void
clear_text_member (const VaMember *member, gpointer field)
{
  (void) member;
  g_clear_pointer ((char **) field, g_free);
}

gboolean
va_member_points (const VaMember *member, gconstpointer field)
{
  (void) member;
  return *(const gconstpointer *) field != NULL;
}

static guint64
get_number (const VaMember *member, gconstpointer field)
{
  switch (member->size)
    {
    case sizeof (guint8):
      return *(const guint8 *) field;
    case sizeof (guint16):
      return *(const guint16 *) field;
    case sizeof (guint32):
      return *(const guint32 *) field;
    case sizeof (guint64):
      return *(const guint64 *) field;
    default:
      g_assert_not_reached ();
    }
}

void
va_member_set_number (const VaMember *member, gpointer field, guint64 number)
{
  switch (member->size)
    {
    case sizeof (guint8):
      *(guint8 *) field = (guint8) number;
      break;
    case sizeof (guint16):
      *(guint16 *) field = (guint16) number;
      break;
    case sizeof (guint32):
      *(guint32 *) field = (guint32) number;
      break;
    case sizeof (guint64):
      *(guint64 *) field = number;
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
read_number_member (VaFields *fields, const VaMember *member, gpointer field)
{
  guint64 number;

  if (!va_fields_number (fields, member->name, member->presence, member->min, member->max, &number))
    return FALSE;
  va_member_set_number (member, field, number);
  return TRUE;
}

static void
write_number_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  json_object_set_int_member (object, member->name, (gint64) get_number (member, field));
}

/* Narrow fields hold a negative absent value cut to their size. */
static gboolean
number_has_value (const VaMember *member, gconstpointer field)
{
  guint64 absent = 0;

  va_member_set_number (member, &absent, (guint64) member->absent);
  return get_number (member, field) != get_number (member, &absent);
}

static gboolean
read_boolean_member (VaFields *fields, const VaMember *member, gpointer field)
{
  if (member->presence == VA_REQUIRED && !json_object_has_member (fields->object, member->name))
    va_fields_fail (fields, member->name, _("is missing"));
  *(gboolean *) field = va_fields_boolean (fields, member->name, FALSE);
  return *(gboolean *) field;
}

static void
write_boolean_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  json_object_set_boolean_member (object, member->name, *(const gboolean *) field);
}

static gboolean
read_choice_member (VaFields *fields, const VaMember *member, gpointer field)
{
  int choice = va_fields_choice (fields, member->name, member->presence, member->choices);

  if (choice < 0)
    return FALSE;
  va_member_set_number (member, field, (guint64) choice);
  return TRUE;
}

static void
write_choice_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  json_object_set_string_member (object, member->name, member->choices[get_number (member, field)]);
}

static gboolean
read_base64_member (VaFields *fields, const VaMember *member, gpointer field)
{
  return va_fields_base64_exact (fields, member->name, member->presence, field, member->size);
}

static void
write_base64_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  va_json_set_base64 (object, member->name, field, member->size);
}

static gboolean
read_hex_member (VaFields *fields, const VaMember *member, gpointer field)
{
  return va_fields_hex (fields, member->name, member->presence, field, member->size);
}

static void
write_hex_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  va_json_set_hex (object, member->name, field, member->size);
}

static gboolean
array_has_value (const VaMember *member, gconstpointer field)
{
  const guint8 *bytes = field;

  for (gsize i = 0; i < member->size; i++)
    if (bytes[i] != 0)
      return TRUE;
  return FALSE;
}

static GBytes *
read_exact_bytes (VaFields *fields, const VaMember *member)
{
  g_autofree guint8 *bytes = g_malloc (member->max);

  return va_fields_base64_exact (fields, member->name, member->presence, bytes, member->max)
           ? g_bytes_new_take (g_steal_pointer (&bytes), member->max)
           : NULL;
}

static gboolean
read_bytes_member (VaFields *fields, const VaMember *member, gpointer field)
{
  GBytes *bytes = member->min == member->max ? read_exact_bytes (fields, member)
                                             : va_fields_base64 (fields, member->name, member->presence, member->max);

  *(GBytes **) field = bytes;
  if (bytes == NULL)
    return FALSE;
  if (g_bytes_get_size (bytes) < member->min)
    va_fields_fail (fields, member->name, "%s",
                    member->expected != NULL ? _(member->expected) : _("is empty: leave it out or give it a value"));
  return TRUE;
}

static void
write_bytes_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  GBytes *bytes = *(GBytes *const *) field;

  va_json_set_base64 (object, member->name, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
clear_bytes_member (const VaMember *member, gpointer field)
{
  (void) member;
  g_clear_pointer ((GBytes **) field, g_bytes_unref);
}

static gboolean
read_secret_member (VaFields *fields, const VaMember *member, gpointer field)
{
  VaSecret *secret = va_fields_secret (fields, member->name, member->presence, member->max);

  *(VaSecret **) field = secret;
  if (secret != NULL && va_secret_size (secret) < member->min)
    va_fields_fail (fields, member->name, _("is empty"));
  return secret != NULL;
}

static void
write_secret_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  VaSecret *secret = *(VaSecret *const *) field;

  va_json_set_base64 (object, member->name, va_secret_data (secret), va_secret_size (secret));
}

static void
clear_secret_member (const VaMember *member, gpointer field)
{
  (void) member;
  g_clear_pointer ((VaSecret **) field, va_secret_free);
}

static gboolean
keep_valid_list (VaFields *fields, const VaMember *member, gpointer field, char **strings)
{
  *(char ***) field = strings;
  if (member->valid != NULL)
    va_fields_check_each (fields, member->name, strings, member->valid, _(member->expected));
  return strings != NULL;
}

static gboolean
read_strings_member (VaFields *fields, const VaMember *member, gpointer field)
{
  char **strings = va_fields_strings (fields, member->name, member->presence, member->elements, member->max);

  return keep_valid_list (fields, member, field, strings);
}

static gboolean
read_several_member (VaFields *fields, const VaMember *member, gpointer field)
{
  char **strings = va_fields_one_or_several (fields, member->name, member->presence, member->elements, member->max);

  return keep_valid_list (fields, member, field, strings);
}

static void
write_strings_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  va_json_set_strings (object, member->name, *(char *const *const *) field);
}

static void
write_several_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  va_json_set_one_or_several (object, member->name, *(char *const *const *) field);
}

static void
clear_strings_member (const VaMember *member, gpointer field)
{
  (void) member;
  g_clear_pointer ((char ***) field, g_strfreev);
}

const VaMemberFunctions *
va_member_functions (const VaMember *member)
{
  static const VaMemberFunctions functions[] = {
    [VA_KIND_TEXT] = { read_text_member, write_text_member, va_member_points, clear_text_member },
    [VA_KIND_STRING] = { read_string_member, write_text_member, va_member_points, clear_text_member },
    [VA_KIND_UUID] = { read_uuid_member, write_text_member, va_member_points, clear_text_member },
    [VA_KIND_NUMBER] = { read_number_member, write_number_member, number_has_value, NULL },
    [VA_KIND_BOOLEAN] = { read_boolean_member, write_boolean_member, number_has_value, NULL },
    [VA_KIND_CHOICE] = { read_choice_member, write_choice_member, number_has_value, NULL },
    [VA_KIND_BASE64] = { read_base64_member, write_base64_member, array_has_value, NULL },
    [VA_KIND_HEX] = { read_hex_member, write_hex_member, array_has_value, NULL },
    [VA_KIND_BYTES] = { read_bytes_member, write_bytes_member, va_member_points, clear_bytes_member },
    [VA_KIND_SECRET] = { read_secret_member, write_secret_member, va_member_points, clear_secret_member },
    [VA_KIND_STRINGS] = { read_strings_member, write_strings_member, va_member_points, clear_strings_member },
    [VA_KIND_ONE_OR_SEVERAL] = { read_several_member, write_several_member, va_member_points, clear_strings_member },
  };

  return &functions[member->kind];
}
