/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "../../emulator/object.h"
#include "codec/json.h"
#include "fuzz.h"

/* The emulator program's reader of one object against that of messages, and what it adds against both. */

static void
compare_readers (const char *text, VaObjectKind kind, const char *value)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), &error);
  JsonNode *member = object != NULL ? json_object_get_member (object, "file") : NULL;

  if (object == NULL || kind == VA_OBJECT_BROKEN)
    return;
  if (member == NULL)
    g_assert_cmpint (kind, ==, VA_OBJECT_ABSENT);
  else if (JSON_NODE_HOLDS_VALUE (member) && json_node_get_value_type (member) == G_TYPE_STRING)
    g_assert_cmpstr (value, ==, json_node_get_string (member));
  else
    g_assert_cmpint (kind, ==, VA_OBJECT_OTHER);
}

/* What was added is found again, and nothing else has changed. */
static void
check_addition (const char *text, VaObjectKind kind, const char *value)
{
  char *longer = va_object_add (text, "session-file", "/a/\"\\b"), *added = NULL, *same = NULL;
  gboolean empty = strspn (text, " \t\r\n{") == strcspn (text, "}");

  g_assert_true ((longer == NULL) == (kind == VA_OBJECT_BROKEN));
  if (longer != NULL && !empty && va_object_find (text, "session-file", NULL) == VA_OBJECT_ABSENT
      && va_object_find (longer, "session-file", &added) != VA_OBJECT_BROKEN)
    {
      g_assert_cmpstr (added, ==, "/a/\"\\b");
      g_assert_cmpint (va_object_find (longer, "file", &same), ==, kind);
      g_assert_cmpstr (same, ==, value);
    }
  free (longer);
  free (added);
  free (same);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  char *value = NULL;
  VaObjectKind kind = va_object_find (text, "file", &value);

  g_assert_true ((value != NULL) == (kind == VA_OBJECT_STRING));
  compare_readers (text, kind, value);
  check_addition (text, kind, value);
  free (value);
  return 0;
}
