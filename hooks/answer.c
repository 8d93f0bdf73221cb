/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "answer.h"

#include <string.h>
#include "core/encoding.h"
#include "core/guid.h"
#include "core/i18n.h"

#define SENTENCE_MAX 1024
#define SESSION_SIZE 128
#define OWNER_CERT_SIZE 2084

static gboolean
is_sentence (const char *text)
{
  gsize size = strlen (text);

  for (gsize i = 0; i < size; i++)
    if (g_ascii_iscntrl (text[i]))
      return FALSE;
  return size > 0 && size <= SENTENCE_MAX;
}

static gboolean
is_base64_of (const char *text, gsize size)
{
  g_autofree guint8 *bytes = g_malloc (size);

  return va_base64_decode_exact (text, bytes, size, NULL);
}

static gboolean
take_lines (VaHookAnswer *answer, char **lines)
{
  guint n = g_strv_length (lines);

  /* Each line ends with a newline: the last piece is empty. */
  if (n < 2 || lines[n - 1][0] != '\0')
    return FALSE;
  if (n == 2 && g_str_equal (lines[0], "pass"))
    answer->kind = VA_ANSWER_PASS;
  else if (n == 3 && g_str_equal (lines[0], "refuse") && is_sentence (lines[1]))
    answer->sentence = g_strdup (lines[1]);
  else if (n == 6 && g_str_equal (lines[0], "grant") && va_uuid_is_canonical (lines[1])
           && is_base64_of (lines[2], SESSION_SIZE) && is_base64_of (lines[3], OWNER_CERT_SIZE)
           && g_str_equal (lines[4], "end"))
    {
      answer->kind = VA_ANSWER_GRANT;
      answer->session = g_strdup (lines[2]);
      answer->owner_cert = g_strdup (lines[3]);
    }
  else
    return FALSE;
  return TRUE;
}

VaHookAnswer *
va_answer_read (const char *text, gsize size)
{
  VaHookAnswer *answer = g_new0 (VaHookAnswer, 1);
  g_autofree char *copy = NULL;
  g_auto(GStrv) lines = NULL;

  if (size > 0 && g_utf8_validate_len (text, size, NULL))
    {
      copy = g_strndup (text, size);
      lines = g_strsplit (copy, "\n", 8);
    }
  if (lines == NULL || !take_lines (answer, lines))
    answer->sentence = g_strdup (_("the host agent closed the connection or sent an invalid answer; see “journalctl -u "
                                   "virt-attest-hostd”"));
  return answer;
}

void
va_answer_free (VaHookAnswer *answer)
{
  if (answer == NULL)
    return;
  g_free (answer->sentence);
  g_free (answer->session);
  g_free (answer->owner_cert);
  g_free (answer);
}
