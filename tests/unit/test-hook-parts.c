/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hook's parts that only read text. */
#include "config.h"

#include <string.h>
#include "answer.h"
#include "core/encoding.h"
#include "core/error.h"
#include "domain-text.h"

#define UUID "6e1f0a52-8c0e-4a3c-9d55-0c1a6b1f0001"

static void
assert_unidentified (const char *xml)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *uuid = NULL;
  guint id = 0;

  g_assert_false (va_text_identify (xml, &id, &uuid, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  g_assert_null (uuid);
}

static void
test_identify (void)
{
  static const char *const heads[] = {
    "",
    "<domain>",
    "<domains id='1'>",
    " <domain id='1'>",
    "<domain type='kvm'>",
    "<domain id=''>",
    "<domain id='0'>",
    "<domain id='-1'>",
    "<domain id='1 '>",
    "<domain id='0x1'>",
    "<domain id='99999999999'>",
    "<domain id=1>",
    "<domain id='1>",
    "<domain id>",
    "<domain type='kvm>' xid='2'>",
    "<domain type='kvm'id='2'>",
    "<domain type='a' id =",
    "<domain ='1' id='2'>",
    "<domain type='id=1'>",
  };
  static const char *const tails[] = {
    "",
    "<uuid>",
    "<uuid></uuid>",
    "<uuid>" UUID,
    "<uuid>" UUID "0</uuid>",
    "<uuid> " UUID "</uuid>",
    "<uuid>6E1F0A52-8c0e-4a3c-9d55-0c1a6b1f0001</uuid>",
    "<uuid>../../../../../../../../../../../etc/x</uuid>",
    "<metadata><uuid>" UUID "</uuid></metadata>",
    "<metadata/><uuid>" UUID "</uuid>",
  };
  g_autofree char *uuid = NULL, *other = NULL;
  guint id = 0;

  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      g_autofree char *xml = g_strdup_printf ("%s<name>x</name><uuid>" UUID "</uuid></domain>", heads[i]);

      assert_unidentified (xml);
    }
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *xml = g_strdup_printf ("<domain type='kvm' id='7'><name>x</name>%s</domain>", tails[i]);

      assert_unidentified (xml);
    }
  g_assert_true (va_text_identify ("<domain type='kvm' id='7' xmlns:qemu=\"urn:id='8'\">\n  <name>x</name>\n  "
                                   "<uuid>" UUID "</uuid><metadata/>",
                                   &id, &uuid, NULL));
  g_assert_cmpuint (id, ==, 7);
  g_assert_cmpstr (uuid, ==, UUID);
  g_assert_true (va_text_identify ("<domain id=\"2147483647\"><uuid>" UUID "</uuid>", &id, &other, NULL));
  g_assert_cmpuint (id, ==, 2147483647);
}

static VaAnswerKind
kind_of (const char *text, gsize size)
{
  g_autoptr(VaHookAnswer) answer = va_answer_read (text, size);

  g_assert_true ((answer->kind == VA_ANSWER_REFUSE) == (answer->sentence != NULL && answer->sentence[0] != '\0'));
  g_assert_true ((answer->kind == VA_ANSWER_GRANT) == (answer->session != NULL));
  return answer->kind;
}

static void
test_answers (void)
{
  static const char *const bad[] = { "",
                                     "\n",
                                     "pass",
                                     "pass\n\n",
                                     "pass\npass\n",
                                     "PASS\n",
                                     "yes\n",
                                     "refuse\n",
                                     "refuse\n\n",
                                     "refuse\nx",
                                     "refuse\nx\ny\n",
                                     "refuse\n\033[2J\n",
                                     "grant\n",
                                     "grant\n" UUID "\nAA==\nAA==\nend\n",
                                     "\n\n\n\n\n\n\n\n\n\n\n" };
  g_autofree guint8 *bytes = g_malloc0 (4096);
  g_autofree char *session = va_base64_encode (bytes, 128), *cert = va_base64_encode (bytes, 2084);
  g_autofree char *short_session = va_base64_encode (bytes, 127), *long_cert = va_base64_encode (bytes, 2085);
  g_autofree char *good = g_strdup_printf ("grant\n" UUID "\n%s\n%s\nend\n", session, cert);
  g_autofree char *cut_session = g_strdup_printf ("grant\n" UUID "\n%s\n%s\nend\n", short_session, cert);
  g_autofree char *long_owner = g_strdup_printf ("grant\n" UUID "\n%s\n%s\nend\n", session, long_cert);
  g_autofree char *no_id = g_strdup_printf ("grant\n../x\n%s\n%s\nend\n", session, cert);
  g_autofree char *no_end = g_strdup_printf ("grant\n" UUID "\n%s\n%s\n", session, cert);
  g_autofree char *more = g_strdup_printf ("%spass\n", good);
  const char *grants[] = { cut_session, long_owner, no_id, no_end, more };
  g_autofree char *text = g_strnfill (1025, 'a'), *too_long = g_strdup_printf ("refuse\n%s\n", text);
  g_autoptr(VaHookAnswer) refusal = va_answer_read ("refuse\nthe permit is used up\n", 29);
  g_autoptr(VaHookAnswer) fits = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (kind_of (bad[i], strlen (bad[i])), ==, VA_ANSWER_REFUSE);
  for (guint i = 0; i < G_N_ELEMENTS (grants); i++)
    g_assert_cmpint (kind_of (grants[i], strlen (grants[i])), ==, VA_ANSWER_REFUSE);
  /* However much of a grant arrives before the agent dies. */
  for (gsize i = 0; i < strlen (good); i++)
    g_assert_cmpint (kind_of (good, i), ==, VA_ANSWER_REFUSE);
  g_assert_cmpint (kind_of ("pass\n\0", 6), ==, VA_ANSWER_REFUSE);
  g_assert_cmpint (kind_of ("refuse\n\xff\n", 9), ==, VA_ANSWER_REFUSE);
  fits = va_answer_read (too_long, strlen (too_long));
  g_assert_cmpint (strlen (fits->sentence), <, 1024);
  g_assert_cmpint (kind_of ("pass\n", 5), ==, VA_ANSWER_PASS);
  g_assert_cmpint (kind_of (good, strlen (good)), ==, VA_ANSWER_GRANT);
  g_assert_cmpstr (refusal->sentence, ==, "the permit is used up");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hook/identify", test_identify);
  g_test_add_func ("/hook/answers", test_answers);
  return g_test_run ();
}
