/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malloc.h>
#include <string.h>
#include "core/error.h"
#include "codec/json.h"

static void
test_json_refuses (void)
{
  static const char *const bad[] = { "",
                                     "[]",
                                     "{",
                                     "{}x",
                                     "{\"a\":1,\"a\":2}",
                                     "{\"a\":1,}",
                                     "{'a':1}",
                                     "/**/{}",
                                     "var x={}",
                                     "{\"a\":01}",
                                     "{\"a\":\"\n\"}",
                                     "{\"a\":\"\\x\"}",
                                     "{\"a\":NaN}",
                                     "{\"a\" 1}",
                                     "{\"b\":{\"a\":1,\"a\":2}}",
                                     "{\"a\":0x1}",
                                     "{\"a\":\"\377\"}",
                                     "{a:1}",
                                     "{}{}",
                                     "[[[[[[[[[[[[[[[[[[[[",
                                     NULL };

  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonObject) object = va_json_parse (bad[i], strlen (bad[i]), &error);

      if (object != NULL)
        g_error ("taken: %s", bad[i]);
      g_assert_nonnull (error);
    }
}

#define NEEDLE "hunter2needle"

/* What does not parse may have a secret in it: its place is named, and what was expected, never what stands there. */
static void
test_json_refuses_without_repeating (void)
{
  static const struct {
    const char *text, *place, *expected;
  } bad[] = {
    { "{\"passphrase\" \"" NEEDLE "\"}", "line 1, column 15", "a colon" },
    { "{\"a\":\"" NEEDLE "\"\n  \"b\":1}", "line 2, column 3", "a comma or “}”" },
    { "{\"é\":\"" NEEDLE "\",}", "line 1, column 22", "a member's name" },
    { "{\"a\":\"" NEEDLE, "line 1, column 6", "unterminated string" },
    { "{\"a\":\"" NEEDLE "\"", "line 1, column 21", "a comma or “}”" },
    { "{\"a\":[\"" NEEDLE "\":1]}", "line 1, column 22", "a comma or “]”" },
    { "{\"a\":[\"" NEEDLE "\"}}", "line 1, column 22", "a comma or “]”" },
    { "{\"a\":" NEEDLE "}", "line 1, column 6", "a value" },
    { "{\"a\":1" NEEDLE "}", "line 1, column 7", "a comma" },
    { "{\"a\":\"\\"
      "q" NEEDLE "\"}",
      "line 1, column 6", "escape" },
    { "{" NEEDLE ":1}", "line 1, column 2", "a member's name" },
    { "{\"" NEEDLE "\",1}", "line 1, column 17", "a colon" },
    { "[\"" NEEDLE "\"]", "", "must begin with “{”" },
    { "{} " NEEDLE, "line 1, column 4", "nothing more" },
    { NEEDLE, "line 1, column 1", "a value" },
    { "\"" NEEDLE "\"", "", "must begin with “{”" },
    { "{\"" NEEDLE "\":1,\"" NEEDLE "\":2}", "", "twice" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonObject) object = va_json_parse (bad[i].text, strlen (bad[i].text), &error);

      g_assert_null (object);
      g_test_message ("%s", error->message);
      g_assert_null (strstr (error->message, "hunter2"));
      g_assert_nonnull (strstr (error->message, bad[i].place));
      g_assert_nonnull (strstr (error->message, bad[i].expected));
    }
}

/* Values are not repeated either, nor are names of unknown members that do not look like one of ours. */
static void
test_json_fields_do_not_repeat (void)
{
  static const char *const choices[] = { "red", "green", NULL };
  static const char *const texts[] = { "{\"kind\":\"" NEEDLE "\"}", "{\"kind\":\"red\",\"" NEEDLE "\":1}",
                                       "{\"kind\":[\"" NEEDLE "\"]}", "{\"kind\":\"red\",\"needle\":1}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(JsonObject) object = va_json_parse (texts[i], strlen (texts[i]), NULL);
      VaFields fields = VA_FIELDS_INIT (object, "test");
      g_autoptr(GError) error = NULL;

      fields.secret = i == 3;
      va_fields_choice (&fields, "kind", VA_REQUIRED, choices);
      g_assert_false (va_fields_end (&fields, &error));
      g_test_message ("%s", error->message);
      g_assert_null (strstr (error->message, "needle"));
    }
}

static void
test_json_fields (void)
{
  static const char text[] = "{\"name\":\"x\",\"n\":7,\"more\":true}";
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), NULL);
  VaFields fields = VA_FIELDS_INIT (object, "test");
  g_autoptr(GError) error = NULL;
  guint64 n = 0;

  g_assert_cmpstr (va_fields_string (&fields, "name", VA_REQUIRED, 1), ==, "x");
  g_assert_true (va_fields_number (&fields, "n", VA_REQUIRED, 0, 7, &n));
  g_assert_false (va_fields_end (&fields, &error));
  g_assert_nonnull (strstr (error->message, "more"));
}

static void
test_array_add (void)
{
  g_autoptr(JsonObject) element = json_object_new ();
  g_autofree char *array = NULL;

  json_object_set_string_member (element, "a", "]");
  array = va_json_array_add (NULL, element);
  g_assert_cmpstr (array, ==, "[{\"a\":\"]\"}]");
  array = va_json_array_add (array, element);
  g_assert_cmpstr (array, ==, "[{\"a\":\"]\"},{\"a\":\"]\"}]");
  g_free (array);
  array = va_json_array_add (g_strdup ("[]"), element);
  g_assert_cmpstr (array, ==, "[{\"a\":\"]\"}]");
  g_free (array);
  array = va_json_array_add (g_strdup ("[1,2"), element);
  g_assert_cmpstr (array, ==, "[{\"a\":\"]\"}]");
}

static gsize
bytes_in_use (void)
{
#ifdef VA_SANITIZERS
  return 0; /* LeakSanitizer sees by itself what is not freed */
#else
  return mallinfo2 ().uordblks;
#endif
}

/* What would not be freed is too small for anything but its number to show. */
static void
test_json_array_is_freed (void)
{
  static const char *const texts[] = { NULL, "[]", "{}", "[{\"step\":\"requested\"}]", "[" };
  gsize before = 0;

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr(JsonNode) node = va_json_array (texts[i % G_N_ELEMENTS (texts)]);

      g_assert_true (JSON_NODE_HOLDS_ARRAY (node));
      json_array_add_object_element (json_node_get_array (node), json_object_new ());
      if (i == 1000)
        before = bytes_in_use ();
    }
  g_assert_cmpuint (bytes_in_use (), <, before + 64 * 1024);
}

static void
test_json_fields_missing (void)
{
  g_autoptr(JsonObject) object = va_json_parse ("{}", 2, NULL);
  VaFields fields = VA_FIELDS_INIT (object, "test");
  g_autoptr(GError) error = NULL;

  g_assert_null (va_fields_string (&fields, "name", VA_REQUIRED, 1));
  g_assert_false (va_fields_end (&fields, &error));
  g_assert_nonnull (strstr (error->message, "name"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/json/array-add", test_array_add);
  g_test_add_func ("/core/json/refuses", test_json_refuses);
  g_test_add_func ("/core/json/refuses-without-repeating", test_json_refuses_without_repeating);
  g_test_add_func ("/core/json/fields-do-not-repeat", test_json_fields_do_not_repeat);
  g_test_add_func ("/core/json/fields", test_json_fields);
  g_test_add_func ("/core/json/fields-missing", test_json_fields_missing);
  g_test_add_func ("/core/json/array-is-freed", test_json_array_is_freed);
  return g_test_run ();
}
