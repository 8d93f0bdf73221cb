/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/answer.h"

static JsonNode *
find_answer_member (JsonObject *object, const char *name, JsonNodeType type, GType value_type)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  if (node == NULL || json_node_get_node_type (node) != type
      || (type == JSON_NODE_VALUE && json_node_get_value_type (node) != value_type))
    return NULL;
  return node;
}

const char *
va_answer_text (JsonObject *object, const char *name)
{
  JsonNode *node = find_answer_member (object, name, JSON_NODE_VALUE, G_TYPE_STRING);

  return node != NULL ? json_node_get_string (node) : NULL;
}

gint64
va_answer_number (JsonObject *object, const char *name)
{
  JsonNode *node = find_answer_member (object, name, JSON_NODE_VALUE, G_TYPE_INT64);

  return node != NULL ? json_node_get_int (node) : 0;
}

gboolean
va_answer_true (JsonObject *object, const char *name)
{
  JsonNode *node = find_answer_member (object, name, JSON_NODE_VALUE, G_TYPE_BOOLEAN);

  return node != NULL && json_node_get_boolean (node);
}

JsonObject *
va_answer_object (JsonObject *object, const char *name)
{
  JsonNode *node = find_answer_member (object, name, JSON_NODE_OBJECT, G_TYPE_INVALID);

  return node != NULL ? json_node_get_object (node) : NULL;
}

JsonArray *
va_answer_array (JsonObject *object, const char *name)
{
  JsonNode *node = find_answer_member (object, name, JSON_NODE_ARRAY, G_TYPE_INVALID);

  return node != NULL ? json_node_get_array (node) : NULL;
}

JsonObject *
va_answer_element (JsonArray *array, guint i)
{
  JsonNode *node = i < va_answer_length (array) ? json_array_get_element (array, i) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

guint
va_answer_length (JsonArray *array)
{
  return array != NULL ? json_array_get_length (array) : 0;
}

char *
va_answer_list (JsonObject *object, const char *name)
{
  JsonArray *array = va_answer_array (object, name);
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < va_answer_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", text != NULL ? text : "?");
    }
  if (array != NULL)
    return g_string_free (list, FALSE);
  g_string_free (list, TRUE);
  return g_strdup (va_answer_text (object, name));
}
