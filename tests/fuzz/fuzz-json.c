/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "codec/json.h"
#include "fuzz.h"

/* Every member asked for as every kind: a verdict each time, and never both a value and a mistake. */
static void
take_member (JsonObject *object, const char *name, guint kind)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_auto(GStrv) strings = NULL;
  g_autofree char *uuid = NULL;
  VaFields fields = VA_FIELDS_INIT (object, "input");
  guint8 out[32];
  guint64 number = 0;

  switch (kind)
    {
    case 0:
      va_fields_string (&fields, name, VA_REQUIRED, 64);
      break;
    case 1:
      if (va_fields_number (&fields, name, VA_REQUIRED, 1, 1000, &number))
        g_assert_true (number >= 1 && number <= 1000);
      break;
    case 2:
      va_fields_base64_exact (&fields, name, VA_REQUIRED, out, sizeof out);
      break;
    case 3:
      bytes = va_fields_base64 (&fields, name, VA_OPTIONAL, 64);
      g_assert_true (bytes == NULL || g_bytes_get_size (bytes) <= 64);
      break;
    case 4:
      va_fields_hex (&fields, name, VA_REQUIRED, out, sizeof out);
      break;
    case 5:
      uuid = va_fields_uuid (&fields, name, VA_REQUIRED);
      break;
    case 6:
      strings = va_fields_strings (&fields, name, VA_OPTIONAL, 8, 64);
      g_assert_true (strings == NULL || g_strv_length (strings) <= 8);
      break;
    default:
      va_fields_boolean (&fields, name, FALSE);
    }
  if (!va_fields_end (&fields, &error))
    g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
}

static void
take_members (JsonObject *object)
{
  g_autoptr(GList) names = json_object_get_members (object);
  guint taken = 0;

  for (GList *one = names; one != NULL && taken < 16; one = one->next, taken++)
    for (guint kind = 0; kind < 8; kind++)
      take_member (object, one->data, kind);
}

static gboolean has_real (JsonNode *node);

static void
look_for_real (JsonObject *object, const char *name, JsonNode *node, gpointer found)
{
  (void) object, (void) name;
  *(gboolean *) found |= has_real (node);
}

/* Whether there is a number with a fraction or exponent: no message of ours has one, and a large one is written with
   more digits than are read. */
static gboolean
has_real (JsonNode *node)
{
  gboolean found = FALSE;

  if (JSON_NODE_HOLDS_VALUE (node))
    return json_node_get_value_type (node) == G_TYPE_DOUBLE;
  if (JSON_NODE_HOLDS_OBJECT (node))
    json_object_foreach_member (json_node_get_object (node), look_for_real, &found);
  for (guint i = 0; JSON_NODE_HOLDS_ARRAY (node) && i < json_array_get_length (json_node_get_array (node)); i++)
    found |= has_real (json_array_get_element (json_node_get_array (node), i));
  return found;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonObject) object = va_json_parse ((const char *) data, size, &error);
  g_autoptr(JsonObject) again = NULL;
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second = NULL;

  if (object == NULL)
    {
      g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  take_members (object);
  root = json_node_init_object (json_node_alloc (), object);
  if (has_real (root))
    return 0;
  text = va_json_print (object);
  again = va_json_parse (text, strlen (text), &error); /* what is written can be read, and says the same */
  g_assert_no_error (error);
  second = va_json_print (again);
  g_assert_cmpstr (text, ==, second);
  return 0;
}
