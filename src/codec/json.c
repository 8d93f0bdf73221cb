/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "codec/json.h"

#include <inttypes.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "codec/json-scan.h"

#define SHOWN_NAME_MAX 32 /* bytes of an unknown member's name */

static guint count_members (JsonNode *node);

static void
add_member (JsonObject *object, const char *name, JsonNode *node, gpointer data)
{
  (void) object;
  (void) name;
  *(guint *) data += 1 + count_members (node);
}

static void
add_element (JsonArray *array, guint index, JsonNode *node, gpointer data)
{
  (void) array;
  (void) index;
  *(guint *) data += count_members (node);
}

/* Of all objects in @node, which is not deeper than VA_JSON_MAX_DEPTH. */
static guint
count_members (JsonNode *node)
{
  guint count = 0;

  if (JSON_NODE_HOLDS_OBJECT (node))
    json_object_foreach_member (json_node_get_object (node), add_member, &count);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    json_array_foreach_element (json_node_get_array (node), add_element, &count);
  return count;
}

/* @members: in the text; json-glib keeps only the last of those with the same key in one object. */
static JsonObject *
parse_scanned (const char *text, gsize size, guint members, GError **error)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonNode *root;

  /* Never its own message: that repeats what stands in the text, which may be a secret. */
  if (!json_parser_load_from_data (parser, text, (gssize) size, NULL))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("this is not valid JSON"));
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the JSON is not an object: it must begin with “{”"));
      return NULL;
    }
  if (count_members (root) != members)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the JSON object contains a member twice"));
      return NULL;
    }
  return json_object_ref (json_node_get_object (root));
}

JsonObject *
va_json_parse_long (const char *text, gsize size, guint max_values, GError **error)
{
  guint members;

  if (size == 0) /* json-glib takes no absent text */
    text = "";
  return va_json_scan (text, size, VA_JSON_MAX_DEPTH, max_values, &members, error)
           ? parse_scanned (text, size, members, error)
           : NULL;
}

JsonObject *
va_json_parse (const char *text, gsize size, GError **error)
{
  return va_json_parse_long (text, size, VA_JSON_MAX_VALUES, error);
}

/* One a thread: to make one costs more than it does. */
static GPrivate generators = G_PRIVATE_INIT (g_object_unref);

static JsonGenerator *
own_generator (void)
{
  JsonGenerator *generator = g_private_get (&generators);

  if (generator == NULL)
    {
      generator = json_generator_new ();
      g_private_set (&generators, generator);
    }
  return generator;
}

static char *
print_node (JsonNode *node, gboolean pretty)
{
  JsonGenerator *generator = own_generator ();
  g_autofree char *text = NULL;
  g_auto(GStrv) parts = NULL;

  json_generator_set_pretty (generator, pretty);
  json_generator_set_root (generator, node);
  text = json_generator_to_data (generator, NULL);
  json_generator_set_root (generator, NULL);
  /* The one control character that json-glib forgets to escape. */
  if (strchr (text, '\x1f') == NULL)
    return g_steal_pointer (&text);
  parts = g_strsplit (text, "\x1f", -1);
  return g_strjoinv ("\\u001f", parts);
}

static char *
print_object (JsonObject *object, gboolean pretty)
{
  g_autoptr(JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return print_node (node, pretty);
}

char *
va_json_print_node (JsonNode *node)
{
  return print_node (node, FALSE);
}

char *
va_json_print (JsonObject *object)
{
  return print_object (object, FALSE);
}

char *
va_json_print_pretty (JsonObject *object)
{
  return print_object (object, TRUE);
}

void
va_fields_fail (VaFields *fields, const char *name, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  if (fields->error != NULL)
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (&fields->error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: member “%s”: %s"), fields->where, name,
               message);
}

/* Moves @reason into the verdict. */
static void
fail_member (VaFields *fields, const char *name, GError *reason)
{
  va_fields_fail (fields, name, "%s", reason->message);
  g_error_free (reason);
}

/* The member, marked as taken; %NULL when absent, of another kind, or after a mistake. */
static JsonNode *
take_member (VaFields *fields, const char *name, VaPresence presence, JsonNodeType type, GType value_type,
             const char *kind)
{
  JsonNode *node;

  if (fields->error != NULL)
    return NULL;
  if (fields->taken == NULL)
    fields->taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (fields->taken, g_strdup (name));
  node = json_object_get_member (fields->object, name);
  if (node == NULL)
    {
      if (presence == VA_REQUIRED)
        va_fields_fail (fields, name, _("is missing"));
      return NULL;
    }
  if (json_node_get_node_type (node) == type
      && (type != JSON_NODE_VALUE || json_node_get_value_type (node) == value_type))
    return node;
  va_fields_fail (fields, name, _("expected %s"), kind);
  return NULL;
}

const char *
va_fields_string (VaFields *fields, const char *name, VaPresence presence, gsize max)
{
  JsonNode *node = take_member (fields, name, presence, JSON_NODE_VALUE, G_TYPE_STRING, _("a string"));
  const char *text = node != NULL ? json_node_get_string (node) : NULL;

  if (text == NULL || strlen (text) <= max)
    return text;
  va_fields_fail (fields, name, _("longer than %zu bytes"), max);
  return NULL;
}

int
va_fields_choice (VaFields *fields, const char *name, VaPresence presence, const char *const *choices)
{
  const char *text = va_fields_string (fields, name, presence, 256);
  g_autofree char *all = NULL;

  if (text == NULL)
    return -1;
  for (int i = 0; choices[i] != NULL; i++)
    if (g_str_equal (text, choices[i]))
      return i;
  all = g_strjoinv (", ", (char **) choices);
  va_fields_fail (fields, name, _("expected one of: %s"), all);
  return -1;
}

gboolean
va_fields_number (VaFields *fields, const char *name, VaPresence presence, guint64 min, guint64 max, guint64 *out)
{
  JsonNode *node = take_member (fields, name, presence, JSON_NODE_VALUE, G_TYPE_INT64, _("a whole number"));
  gint64 number;

  if (node == NULL)
    return FALSE;
  number = json_node_get_int (node);
  if (number >= 0 && (guint64) number >= min && (guint64) number <= max)
    {
      *out = (guint64) number;
      return TRUE;
    }
  va_fields_fail (fields, name, _("%" PRId64 " is not between %" PRIu64 " and %" PRIu64), number, min, max);
  return FALSE;
}

gboolean
va_fields_boolean (VaFields *fields, const char *name, gboolean fallback)
{
  JsonNode *node = take_member (fields, name, VA_OPTIONAL, JSON_NODE_VALUE, G_TYPE_BOOLEAN, _("true or false"));

  return node != NULL ? json_node_get_boolean (node) : fallback;
}

JsonObject *
va_fields_object (VaFields *fields, const char *name, VaPresence presence)
{
  JsonNode *node = take_member (fields, name, presence, JSON_NODE_OBJECT, G_TYPE_INVALID, _("an object"));

  return node != NULL ? json_node_get_object (node) : NULL;
}

JsonArray *
va_fields_array (VaFields *fields, const char *name, VaPresence presence, guint max_length)
{
  JsonNode *node = take_member (fields, name, presence, JSON_NODE_ARRAY, G_TYPE_INVALID, _("an array"));
  JsonArray *array = node != NULL ? json_node_get_array (node) : NULL;

  if (array == NULL || json_array_get_length (array) <= max_length)
    return array;
  va_fields_fail (fields, name, _("more than %u elements"), max_length);
  return NULL;
}

char **
va_fields_strings (VaFields *fields, const char *name, VaPresence presence, guint max_length, gsize max_each)
{
  JsonArray *array = va_fields_array (fields, name, presence, max_length);
  g_autoptr(GPtrArray) strings = NULL;

  if (array == NULL)
    return NULL;
  strings = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      gboolean is_string = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
      const char *text = is_string ? json_node_get_string (node) : "";

      if (text[0] == '\0' || strlen (text) > max_each)
        {
          va_fields_fail (fields, name, _("each element must be a string of 1 to %zu bytes"), max_each);
          return NULL;
        }
      g_ptr_array_add (strings, g_strdup (text));
    }
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&strings), FALSE);
}

gboolean
va_fields_base64_exact (VaFields *fields, const char *name, VaPresence presence, gpointer out, gsize size)
{
  const char *text = va_fields_string (fields, name, presence, size * 2 + 8);
  GError *reason = NULL;

  if (text == NULL)
    return FALSE;
  if (va_base64_decode_exact (text, out, size, &reason))
    return TRUE;
  fail_member (fields, name, reason);
  return FALSE;
}

GBytes *
va_fields_base64 (VaFields *fields, const char *name, VaPresence presence, gsize max)
{
  const char *text = va_fields_string (fields, name, presence, max * 2 + 8);
  GError *reason = NULL;
  GBytes *bytes;

  if (text == NULL)
    return NULL;
  bytes = va_base64_decode (text, max, &reason);
  if (bytes == NULL)
    fail_member (fields, name, reason);
  return bytes;
}

VaSecret *
va_fields_secret (VaFields *fields, const char *name, VaPresence presence, gsize max)
{
  const char *text = va_fields_string (fields, name, presence, max * 2);
  GError *reason = NULL;
  VaSecret *secret;

  if (text == NULL)
    return NULL;
  secret = va_base64_decode_secret (text, max, &reason);
  if (secret == NULL)
    fail_member (fields, name, reason);
  return secret;
}

gboolean
va_fields_hex (VaFields *fields, const char *name, VaPresence presence, gpointer out, gsize size)
{
  const char *text = va_fields_string (fields, name, presence, size * 2);
  GError *reason = NULL;

  if (text == NULL)
    return FALSE;
  if (!va_is_hex (text, size * 2))
    {
      va_fields_fail (fields, name, _("expected %zu lower-case hexadecimal digits"), size * 2);
      return FALSE;
    }
  if (va_hex_decode (text, out, size, &reason))
    return TRUE;
  fail_member (fields, name, reason);
  return FALSE;
}

char *
va_fields_uuid (VaFields *fields, const char *name, VaPresence presence)
{
  const char *text = va_fields_string (fields, name, presence, 36);

  if (text == NULL)
    return NULL;
  if (va_uuid_is_canonical (text))
    return g_strdup (text);
  va_fields_fail (fields, name, _("expected a UUID in lower case"));
  return NULL;
}

/* Somebody's secret may stand where a name must. All of our names have this form, and what is meant to be one; few
   secrets do. */
static gboolean
may_be_shown (const VaFields *fields, const char *name)
{
  gsize length = strlen (name);

  return !fields->secret && length <= SHOWN_NAME_MAX && strspn (name, G_CSET_a_2_z G_CSET_A_2_Z "_-") == length;
}

static void
refuse_unknown_members (VaFields *fields)
{
  g_autoptr(GList) names = json_object_get_members (fields->object);
  guint place = 0;

  for (GList *l = names; l != NULL && fields->error == NULL; l = l->next)
    {
      place++;
      if (fields->taken != NULL && g_hash_table_contains (fields->taken, l->data))
        continue;
      if (may_be_shown (fields, l->data))
        va_fields_fail (fields, l->data, _("is unknown"));
      else
        g_set_error (&fields->error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: its member number %u is unknown"),
                     fields->where, place);
    }
}

gboolean
va_fields_end (VaFields *fields, GError **error)
{
  if (fields->error == NULL)
    refuse_unknown_members (fields);
  g_clear_pointer (&fields->taken, g_hash_table_unref);
  if (fields->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&fields->error));
  return FALSE;
}

JsonNode *
va_json_array (const char *text)
{
  JsonNode *node = text != NULL ? json_from_string (text, NULL) : NULL;

  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    return node;
  g_clear_pointer (&node, json_node_unref);
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, json_array_new ());
  return node;
}

char *
va_json_array_add (char *array, JsonObject *element)
{
  g_autofree char *before = array;
  g_autofree char *text = va_json_print (element);
  gsize length = before != NULL ? strlen (before) : 0;

  if (length <= strlen ("[]") || before[length - 1] != ']')
    return g_strconcat ("[", text, "]", NULL);
  before[length - 1] = '\0';
  return g_strconcat (before, ",", text, "]", NULL);
}
