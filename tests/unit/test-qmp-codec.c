/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "qmp/codec.h"

static VaQmpMessage *
parse (const char *line)
{
  g_autoptr(GError) error = NULL;
  VaQmpMessage *message = va_qmp_message_parse (line, strlen (line), &error);

  g_assert_no_error (error);
  return message;
}

static void
test_kinds (void)
{
  g_autoptr(VaQmpMessage) greeting = parse ("{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}");
  g_autoptr(VaQmpMessage) answer = parse ("{\"return\": {\"a\": 1}, \"id\": 7, \"newer\": [1, 2]}");
  g_autoptr(VaQmpMessage) refusal = parse ("{\"id\": 8, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}");
  g_autoptr(VaQmpMessage) event =
    parse ("{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\", \"data\": {}}");

  g_assert_cmpint (greeting->kind, ==, VA_QMP_GREETING);
  g_assert_cmpint (answer->kind, ==, VA_QMP_RETURN);
  g_assert_true (answer->has_id);
  g_assert_cmpuint (answer->id, ==, 7);
  g_assert_cmpint (json_object_get_int_member (answer->value, "a"), ==, 1);
  g_assert_cmpint (refusal->kind, ==, VA_QMP_REFUSAL);
  g_assert_cmpstr (refusal->error_class, ==, "GenericError");
  g_assert_cmpstr (refusal->description, ==, "no");
  g_assert_cmpint (event->kind, ==, VA_QMP_EVENT);
  g_assert_cmpstr (event->event, ==, "STOP");
}

static void
test_refuses (void)
{
  static const char *const bad[] = { "",
                                     " ",
                                     "{",
                                     "[]",
                                     "null",
                                     "42",
                                     "\"return\"",
                                     "{}",
                                     "{\"id\": 1}",
                                     "{\"return\": {}} {\"return\": {}}",
                                     "{\"return\": 1}",
                                     "{\"return\": []}",
                                     "{\"return\": null}",
                                     "{\"return\": {}, \"id\": -1}",
                                     "{\"return\": {}, \"id\": \"1\"}",
                                     "{\"return\": {}, \"id\": 1.5}",
                                     "{\"return\": {}, \"id\": {}}",
                                     "{\"return\": {}, \"error\": {\"class\": \"a\", \"desc\": \"b\"}}",
                                     "{\"return\": {}, \"event\": \"STOP\"}",
                                     "{\"return\": {}, \"return\": {}}",
                                     "{\"return\": {\"a\": 1, \"a\": 2}}",
                                     "{\"error\": {}}",
                                     "{\"error\": \"no\"}",
                                     "{\"error\": {\"class\": \"a\"}}",
                                     "{\"error\": {\"desc\": \"a\"}}",
                                     "{\"error\": {\"class\": 1, \"desc\": \"a\"}}",
                                     "{\"event\": 1}",
                                     "{\"event\": null}",
                                     "{\"QMP\": 1}",
                                     "{\"QMP\": {}, \"event\": \"STOP\"}",
                                     "{'return': {}}",
                                     "{\"return\": {\"a\": \"\377\"}}",
                                     "{\"return\": {\"a\": NaN}}",
                                     "HTTP/1.1 200 OK",
                                     NULL };

  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(VaQmpMessage) message = va_qmp_message_parse (bad[i], strlen (bad[i]), &error);

      if (message != NULL)
        g_error ("taken: %s", bad[i]);
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
      g_assert_true (g_str_has_prefix (error->message, "QEMU's monitor"));
    }
  g_assert_null (va_qmp_message_parse ("{\"return\": {}\0}", 15, NULL));
}

static void
test_refuses_depth (void)
{
  g_autoptr(GString) deep = g_string_new ("{\"return\": ");
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 5000; i++)
    g_string_append (deep, "{\"a\": ");
  g_assert_null (va_qmp_message_parse (deep->str, deep->len, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
}

static void
feed (VaQmpReader *reader, const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (va_qmp_reader_feed (reader, text, strlen (text), &error));
}

static void
assert_next (VaQmpReader *reader, const char *event)
{
  g_autoptr(GError) error = NULL;
  VaQmpMessage *message = NULL;

  g_assert_true (va_qmp_reader_next (reader, &message, &error));
  g_assert_no_error (error);
  if (event == NULL)
    g_assert_null (message);
  else
    g_assert_cmpstr (message->event, ==, event);
  g_clear_pointer (&message, va_qmp_message_free);
}

/* Messages come in any number of pieces, and several in one read. */
static void
test_framing (void)
{
  g_autoptr(VaQmpReader) reader = va_qmp_reader_new ();

  assert_next (reader, NULL);
  feed (reader, "{\"event\": \"A\"}\r\n\r\n{\"event\": \"B\"}\n{\"eve");
  assert_next (reader, "A");
  assert_next (reader, "B");
  assert_next (reader, NULL);
  for (const char *c = "nt\": \"C\"}\r\n"; *c != '\0'; c++)
    {
      char one[2] = { *c, '\0' };

      assert_next (reader, NULL);
      feed (reader, one);
    }
  assert_next (reader, "C");
  assert_next (reader, NULL);
}

static void
test_refuses_endless_line (void)
{
  g_autoptr(VaQmpReader) reader = va_qmp_reader_new ();
  g_autoptr(GError) error = NULL;
  char block[4096];
  gsize fed = 0;

  memset (block, ' ', sizeof block);
  while (va_qmp_reader_feed (reader, block, sizeof block, &error))
    {
      fed += sizeof block;
      g_assert_cmpuint (fed, <=, VA_QMP_LINE_MAX);
      assert_next (reader, NULL);
    }
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
  g_assert_cmpuint (fed, ==, VA_QMP_LINE_MAX);
}

static void
test_refuses_long_line_with_end (void)
{
  g_autoptr(VaQmpReader) reader = va_qmp_reader_new ();
  g_autofree char *line = g_strnfill (VA_QMP_LINE_MAX, ' ');
  g_autoptr(GError) error = NULL;
  VaQmpMessage *message = NULL;

  g_assert_true (va_qmp_reader_feed (reader, line, VA_QMP_LINE_MAX, NULL));
  g_assert_true (va_qmp_reader_feed (reader, "\n", 1, NULL));
  g_assert_false (va_qmp_reader_next (reader, &message, &error));
  g_assert_null (message);
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
}

static void
test_refuses_one_huge_read (void)
{
  g_autoptr(VaQmpReader) reader = va_qmp_reader_new ();
  g_autofree char *line = g_strnfill (VA_QMP_LINE_MAX + 1, ' ');

  g_assert_false (va_qmp_reader_feed (reader, line, VA_QMP_LINE_MAX + 1, NULL));
}

static void
test_refuses_garbage_in_stream (void)
{
  g_autoptr(VaQmpReader) reader = va_qmp_reader_new ();
  g_autoptr(GError) error = NULL;
  VaQmpMessage *message = NULL;

  feed (reader, "{\"event\": \"A\"}\r\n\001\002\003\r\n");
  assert_next (reader, "A");
  g_assert_false (va_qmp_reader_next (reader, &message, &error));
  g_assert_null (message);
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
}

static void
test_command (void)
{
  g_autoptr(JsonObject) arguments = json_object_new ();
  g_autofree char *plain = va_qmp_command ("query-sev", NULL, 1);
  g_autofree char *full = NULL;

  json_object_set_string_member (arguments, "a", "quote\" and\nline");
  full = va_qmp_command ("x", arguments, 2);
  g_assert_cmpstr (plain, ==, "{\"execute\":\"query-sev\",\"id\":1}\n");
  g_assert_cmpstr (full, ==, "{\"execute\":\"x\",\"arguments\":{\"a\":\"quote\\\" and\\nline\"},\"id\":2}\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qmp/codec/kinds", test_kinds);
  g_test_add_func ("/qmp/codec/refuses", test_refuses);
  g_test_add_func ("/qmp/codec/refuses-depth", test_refuses_depth);
  g_test_add_func ("/qmp/codec/framing", test_framing);
  g_test_add_func ("/qmp/codec/refuses-endless-line", test_refuses_endless_line);
  g_test_add_func ("/qmp/codec/refuses-long-line-with-end", test_refuses_long_line_with_end);
  g_test_add_func ("/qmp/codec/refuses-one-huge-read", test_refuses_one_huge_read);
  g_test_add_func ("/qmp/codec/refuses-garbage-in-stream", test_refuses_garbage_in_stream);
  g_test_add_func ("/qmp/codec/command", test_command);
  return g_test_run ();
}
