/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/question.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/number.h"

#define LINE_MAX_SIZE 64

/* Moves @text behind its first line, which goes to @line without its end. */
static gboolean
take_question_line (const char **text, gsize *size, char line[LINE_MAX_SIZE])
{
  const char *end = *size > 0 ? memchr (*text, '\n', MIN (*size, LINE_MAX_SIZE)) : NULL;
  gsize length = end != NULL ? (gsize) (end - *text) : 0;

  if (end == NULL || memchr (*text, '\0', length) != NULL)
    return FALSE;
  memcpy (line, *text, length);
  line[length] = '\0';
  *text += length + 1;
  *size -= length + 1;
  return TRUE;
}

static gboolean
take_word (const char **text, gsize *size, const char *word)
{
  char line[LINE_MAX_SIZE];

  return take_question_line (text, size, line) && g_str_equal (line, word);
}

/* The rest of a line that begins with @name and a space. */
static gboolean
take_question_value (const char **text, gsize *size, const char *name, char value[LINE_MAX_SIZE])
{
  char line[LINE_MAX_SIZE];
  gsize length = strlen (name);

  if (!take_question_line (text, size, line) || !g_str_has_prefix (line, name) || line[length] != ' ')
    return FALSE;
  g_strlcpy (value, line + length + 1, LINE_MAX_SIZE);
  return TRUE;
}

static gboolean
parse_pid (const char *text, pid_t *pid)
{
  guint64 number;

  if (!g_ascii_isdigit (text[0]) || g_str_has_prefix (text, "0") || !va_number_parse (text, 1, G_MAXINT, &number, NULL))
    return FALSE;
  *pid = (pid_t) number;
  return TRUE;
}

static gboolean
refuse_question (GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("the host agent does not understand the question: hook, gate and agent must have the same version"));
  return FALSE;
}

gboolean
va_hook_question_parse (VaHookQuestion *question, const char *text, gsize size, GError **error)
{
  char pid[LINE_MAX_SIZE], first[LINE_MAX_SIZE];
  const char *rest = text;
  gsize left = size;

  *question = (VaHookQuestion){ 0 };
  if (!take_word (&rest, &left, "virt-attest hook 1") || !take_question_line (&rest, &left, first))
    return refuse_question (error);
  question->release = g_str_has_prefix (first, "release ");
  if (!question->release && !g_str_has_prefix (first, "start "))
    return refuse_question (error);
  g_strlcpy (pid, strchr (first, ' ') + 1, sizeof pid);
  if (!parse_pid (pid, &question->libvirtd) || !take_word (&rest, &left, "") || left == 0)
    return refuse_question (error);
  question->xml = rest;
  question->xml_size = left;
  return TRUE;
}

gboolean
va_gate_question_parse (VaGateQuestion *question, const char *text, gsize size, GError **error)
{
  char uuid[LINE_MAX_SIZE], pid[LINE_MAX_SIZE];
  const char *rest = text;
  gsize left = size;

  *question = (VaGateQuestion){ 0 };
  if (!take_word (&rest, &left, "virt-attest gate 1") || !take_question_value (&rest, &left, "uuid", uuid)
      || !take_question_value (&rest, &left, "pid", pid) || left != 0 || !va_uuid_is_canonical (uuid)
      || !parse_pid (pid, &question->pid))
    return refuse_question (error);
  g_strlcpy (question->uuid, uuid, sizeof question->uuid);
  return TRUE;
}

char *
va_sentence (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  gsize length = strlen (valid);

  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (valid[i]))
      valid[i] = ' ';
  g_strstrip (valid);
  if (strlen (valid) > VA_SENTENCE_MAX)
    {
      char *end = g_utf8_find_prev_char (valid, valid + VA_SENTENCE_MAX + 1);

      *end = '\0';
    }
  return g_strdup (valid[0] != '\0' ? valid : _("no reason was given"));
}

char *
va_answer_pass (void)
{
  return g_strdup ("pass\n");
}

char *
va_answer_refuse (const char *sentence)
{
  g_autofree char *line = va_sentence (sentence);

  return g_strdup_printf ("refuse\n%s\n", line);
}

char *
va_answer_grant (const char *launch_id, const guint8 *session, gsize session_size, const guint8 *owner_cert,
                 gsize owner_cert_size)
{
  g_autofree char *session_text = va_base64_encode (session, session_size);
  g_autofree char *cert_text = va_base64_encode (owner_cert, owner_cert_size);

  return g_strdup_printf ("grant\n%s\n%s\n%s\nend\n", launch_id, session_text, cert_text);
}

char *
va_answer_yes (void)
{
  return g_strdup ("yes\n");
}

char *
va_answer_no (const char *sentence)
{
  g_autofree char *line = va_sentence (sentence);

  return g_strdup_printf ("no\n%s\n", line);
}
