/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "host/local/question.h"

#define UUID "6f1d2c3b-4a59-4e87-9d10-0123456789ab"

static void
test_hook (void)
{
  static const char start[] = "virt-attest hook 1\nstart 42\n\n<domain/>\n",
                    release[] = "virt-attest hook 1\nrelease 7\n\nx";
  VaHookQuestion question;

  g_assert_true (va_hook_question_parse (&question, start, strlen (start), NULL));
  g_assert_false (question.release);
  g_assert_cmpint (question.libvirtd, ==, 42);
  g_assert_cmpmem (question.xml, question.xml_size, "<domain/>\n", 10);
  g_assert_true (va_hook_question_parse (&question, release, strlen (release), NULL));
  g_assert_true (question.release);
}

static void
test_hook_refuses (void)
{
  static const char *const bad[] = {
    "",
    "\n",
    "virt-attest hook 1",
    "virt-attest hook 1\n",
    "virt-attest hook 2\nstart 42\n\n<x/>",
    "virt-attest gate 1\nstart 42\n\n<x/>",
    "virt-attest hook 1\nstart 42\n\n",
    "virt-attest hook 1\nstart 42\n<x/>",
    "virt-attest hook 1\nstart\n\n<x/>",
    "virt-attest hook 1\nstart \n\n<x/>",
    "virt-attest hook 1\nstart 0\n\n<x/>",
    "virt-attest hook 1\nstart -1\n\n<x/>",
    "virt-attest hook 1\nstart 4x\n\n<x/>",
    "virt-attest hook 1\nstart 042\n\n<x/>",
    "virt-attest hook 1\nstart 0x4\n\n<x/>",
    "virt-attest hook 1\nstart  4\n\n<x/>",
    "virt-attest hook 1\nstart 4294967296\n\n<x/>",
    "virt-attest hook 1\nstop 42\n\n<x/>",
    "virt-attest hook 1\r\nstart 42\r\n\r\n<x/>",
    " virt-attest hook 1\nstart 42\n\n<x/>",
    "virt-attest hook 1\nstart 42000000000000000000000000000000000000000000000000000000000000000000\n\n<x/>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      VaHookQuestion question;

      if (va_hook_question_parse (&question, bad[i], strlen (bad[i]), &error))
        g_error ("taken: %s", bad[i]);
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
    }
}

static void
test_gate (void)
{
  static const char good[] = "virt-attest gate 1\nuuid " UUID "\npid 42\n";
  static const char *const bad[] = {
    "",
    "virt-attest gate 1\nuuid " UUID "\n",
    "virt-attest gate 1\nuuid " UUID "\npid 42",
    "virt-attest gate 1\nuuid " UUID "\npid 42\nx",
    "virt-attest gate 1\nuuid " UUID "\npid 42\n\n",
    "virt-attest gate 1\npid 42\nuuid " UUID "\n",
    "virt-attest gate 1\nuuid 6F1D2C3B-4a59-4e87-9d10-0123456789ab\npid 42\n",
    "virt-attest gate 1\nuuid ../../../../../../../../../../../etc/x\npid 42\n",
    "virt-attest gate 1\nuuid " UUID "\npid 0\n",
    "virt-attest gate 1\nuuid " UUID "\npid -1\n",
    "virt-attest gate 2\nuuid " UUID "\npid 42\n",
    "virt-attest hook 1\nuuid " UUID "\npid 42\n",
  };
  VaGateQuestion question;

  g_assert_true (va_gate_question_parse (&question, good, strlen (good), NULL));
  g_assert_cmpstr (question.uuid, ==, UUID);
  g_assert_cmpint (question.pid, ==, 42);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    if (va_gate_question_parse (&question, bad[i], strlen (bad[i]), NULL))
      g_error ("taken: %s", bad[i]);
  g_assert_false (va_gate_question_parse (&question, "virt-attest gate 1\nuuid \0\npid 1\n", 33, NULL));
}

/* Who connects and says nothing. */
static void
test_nothing_asked (void)
{
  g_autoptr(GError) from_hook = NULL;
  g_autoptr(GError) from_gate = NULL;
  VaHookQuestion hook;
  VaGateQuestion gate;

  g_assert_false (va_hook_question_parse (&hook, NULL, 0, &from_hook));
  g_assert_error (from_hook, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  g_assert_false (va_gate_question_parse (&gate, NULL, 0, &from_gate));
  g_assert_error (from_gate, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
}

static void
test_sentence (void)
{
  g_autofree char *lines = va_sentence ("one\ntwo\tthree\r\n");
  g_autofree char *nothing = va_sentence (" \n");
  g_autofree char *bytes = va_sentence ("\377x");
  g_autofree char *ae = g_strnfill (2 * VA_SENTENCE_MAX, 'a');
  g_autofree char *wide = NULL, *cut = NULL, *answer = NULL;

  g_assert_cmpstr (lines, ==, "one two three");
  g_assert_cmpstr (nothing, !=, "");
  g_assert_true (g_utf8_validate (bytes, -1, NULL));
  for (gsize i = 0; i < 2 * VA_SENTENCE_MAX; i += 2)
    memcpy (ae + i, "\303\244", 2);
  wide = g_strconcat ("x", ae, NULL);
  cut = va_sentence (wide);
  g_assert_cmpuint (strlen (cut), <=, VA_SENTENCE_MAX);
  g_assert_cmpuint (strlen (cut), >=, VA_SENTENCE_MAX - 2);
  g_assert_true (g_utf8_validate (cut, -1, NULL));
  answer = va_answer_no ("because\nyes");
  g_assert_cmpstr (answer, ==, "no\nbecause yes\n");
}

static void
test_grant (void)
{
  static const guint8 zeros[3];
  g_autofree char *answer = va_answer_grant (UUID, zeros, 3, zeros, 3);

  g_assert_cmpstr (answer, ==, "grant\n" UUID "\nAAAA\nAAAA\nend\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/question/hook", test_hook);
  g_test_add_func ("/host/question/hook-refuses", test_hook_refuses);
  g_test_add_func ("/host/question/nothing-asked", test_nothing_asked);
  g_test_add_func ("/host/question/gate", test_gate);
  g_test_add_func ("/host/question/sentence", test_sentence);
  g_test_add_func ("/host/question/grant", test_grant);
  return g_test_run ();
}
