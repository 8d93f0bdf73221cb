/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/problem.h"
#include "core/error.h"

#define CODES (VA_PROBLEM_KEY_SERVICE + 1)

static void
test_names (void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int code = 0; code < CODES; code++)
    {
      const char *name = va_problem_name ((VaProblemCode) code);

      g_assert_true (g_hash_table_add (seen, (gpointer) name));
      g_assert_cmpuint (strspn (name, "abcdefghijklmnopqrstuvwxyz-"), ==, strlen (name));
      g_assert_cmpuint (va_problem_status ((VaProblemCode) code), >=, 400);
      g_assert_cmpuint (va_problem_status ((VaProblemCode) code), <, 600);
      g_assert_cmpuint (strlen (va_problem_title ((VaProblemCode) code)), >, 5);
    }
  g_assert_cmpstr (va_problem_name (VA_PROBLEM_PERMIT_EXHAUSTED), ==, "permit-exhausted");
  g_assert_cmpstr (va_problem_name (VA_PROBLEM_FIRMWARE_CHANGED), ==, "firmware-not-allowed");
  g_assert_cmpuint (va_problem_status (VA_PROBLEM_LAUNCH_EXPIRED), ==, 409);
  g_assert_cmpstr (va_problem_name ((VaProblemCode) 9999), ==, "internal");
  g_assert_cmpstr (va_problem_name ((VaProblemCode) -1), ==, "internal");
}

static void
test_there_and_back (void)
{
  for (int code = 0; code < CODES; code++)
    {
      g_autoptr(GError) error = g_error_new (VA_PROBLEM_ERROR, code, "sentence “%d”", code);
      g_autoptr(JsonObject) object = va_problem_write (error);
      g_autofree char *text = va_json_print (object);
      g_autofree char *type = g_strconcat ("urn:virt-attest:error:", va_problem_name ((VaProblemCode) code), NULL);
      g_autoptr(GError) back = NULL;

      g_assert_cmpuint (json_object_get_size (object), ==, 5);
      g_assert_cmpstr (json_object_get_string_member (object, "type"), ==, type);
      g_assert_cmpint (json_object_get_int_member (object, "status"), ==, va_problem_status ((VaProblemCode) code));
      back = va_problem_read (va_problem_status ((VaProblemCode) code), text, strlen (text));
      g_assert_error (back, VA_PROBLEM_ERROR, code);
      g_assert_cmpstr (back->message, ==, error->message);
    }
}

static void
test_foreign_errors_stay_inside (void)
{
  g_autoptr(GError) error = g_error_new (VA_CORE_ERROR, VA_PROBLEM_FORBIDDEN, "the TIK is 1234");
  g_autoptr(JsonObject) object = va_problem_write (error);
  g_autofree char *text = va_json_print (object);

  g_assert_cmpstr (json_object_get_string_member (object, "code"), ==, "internal");
  g_assert_cmpint (json_object_get_int_member (object, "status"), ==, 500);
  g_assert_null (strstr (text, "TIK"));
}

static void
test_no_problem (void)
{
  static const struct {
    guint status;
    const char *body;
  } bad[] = {
    { 403, "" },
    { 403, "<html>" },
    { 403, "{}" },
    { 403, "{\"code\":\"forbidden\"}" },
    { 403, "{\"detail\":\"x\"}" },
    { 403, "{\"code\":3,\"detail\":\"x\"}" },
    { 403, "{\"code\":\"forbidden\",\"detail\":null}" },
    { 403, "{\"code\":\"forbidden\",\"detail\":{}}" },
    { 403, "{\"code\":\"no-such-code\",\"detail\":\"x\"}" },
    { 404, "{\"code\":\"forbidden\",\"detail\":\"x\"}" },
    { 200, "{\"code\":\"forbidden\",\"detail\":\"x\"}" },
    { 403, "{\"code\":\"forbidden\",\"code\":\"forbidden\",\"detail\":\"x\"}" },
    { 502, "Bad Gateway" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = va_problem_read (bad[i].status, bad[i].body, strlen (bad[i].body));
      g_autofree char *number = g_strdup_printf ("%u", bad[i].status);

      g_assert_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_INTERNAL);
      g_assert_nonnull (strstr (error->message, number));
    }
  g_assert_cmpuint (va_problem_status (VA_PROBLEM_INTERNAL), ==, 500);
}

static void
test_sentence_is_one_line (void)
{
  static const char body[] = "{\"code\":\"forbidden\",\"detail\":\"a\\nb\\u001b[31mc\",\"extension\":[1]}";
  g_autoptr(GError) error = va_problem_read (403, body, strlen (body));
  g_autofree char *long_text = g_strnfill (20000, 'x');
  g_autofree char *long_body = g_strdup_printf ("{\"code\":\"forbidden\",\"detail\":\"%s\"}", long_text);
  g_autoptr(GError) cut = va_problem_read (403, long_body, strlen (long_body));

  g_assert_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_FORBIDDEN);
  g_assert_cmpstr (error->message, ==, "a b [31mc");
  g_assert_error (cut, VA_PROBLEM_ERROR, VA_PROBLEM_FORBIDDEN);
  g_assert_cmpuint (strlen (cut->message), <=, 4096 + 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/problem/names", test_names);
  g_test_add_func ("/problem/there-and-back", test_there_and_back);
  g_test_add_func ("/problem/foreign-errors-stay-inside", test_foreign_errors_stay_inside);
  g_test_add_func ("/problem/no-problem", test_no_problem);
  g_test_add_func ("/problem/sentence-is-one-line", test_sentence_is_one_line);
  return g_test_run ();
}
