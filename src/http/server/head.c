/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/head.h"

#include <string.h>
#include "api/problem.h"
#include "core/error.h"
#include "core/i18n.h"

#define NEWLINE 2 /* bytes of "\r\n" */
/* RFC 9110, section 5.6.2 */
#define TOKEN_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "!#$%&'*+-.^_`|~"

/* What is looked at line by line. */
typedef struct {
  const char *end; /* of the last line: the byte behind what the engine kept of it */
  gboolean gaps;   /* something was sent that no header has */
  gboolean names, values;
  guint lengths, encodings, hosts;
  const char *length;
} Lines;

static const char *
find_part (const GArray *parts, const char *name)
{
  gsize size = strlen (name);

  for (guint i = 0; i < parts->len; i++)
    {
      const VaHeadPart *part = &g_array_index (parts, VaHeadPart, i);

      if (part->name_size == size && g_ascii_strncasecmp (part->name, name, size) == 0)
        return part->value;
    }
  return NULL;
}

const char *
va_head_header (const VaHead *head, const char *name)
{
  return find_part (head->headers, name);
}

const char *
va_head_argument (const VaHead *head, const char *name)
{
  return find_part (head->arguments, name);
}

static gboolean
refuse_head (GError **error, const char *why)
{
  return va_error_set (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, "%s", why);
}

/* Text without control characters; tabs are blanks. */
static gboolean
value_is_text (const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (((guchar) text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
      return FALSE;
  return TRUE;
}

static gboolean
is_token (const char *text, gsize size)
{
  return size > 0 && strlen (text) == size && strspn (text, TOKEN_CHARACTERS) == size;
}

/* Whether @name begins where the line before ended, and @value follows it. */
static gboolean
line_follows (const Lines *lines, const char *name, gsize name_size, const char *value)
{
  return name == lines->end + NEWLINE && value > name + name_size;
}

static void
look_at_line (Lines *lines, const VaHeadPart *header)
{
  const char *name = header->name;
  const char *value = header->value != NULL ? header->value : name + header->name_size; /* follows no name */

  lines->gaps |= !line_follows (lines, name, header->name_size, value);
  lines->end = value + header->value_size;
  lines->names |= !is_token (name, header->name_size);
  lines->values |= !value_is_text (value, header->value_size);
  lines->hosts += g_ascii_strcasecmp (name, "Host") == 0;
  if (g_ascii_strcasecmp (name, "Content-Length") == 0)
    {
      lines->lengths++;
      lines->length = value;
    }
  if (g_ascii_strcasecmp (name, "Transfer-Encoding") == 0)
    lines->encodings++;
}

/*
 * Before its version 1.0 libmicrohttpd takes headers apart in the buffer that they came in, ends strings at a zero
 * byte that was sent, and makes "Transfer-Encoding" of "Transfer-: chunked\r\n Encoding". So everything that it kept
 * must lie one behind the other, and be all that it read.
 */
static gboolean
is_all_that_came (const VaHead *head, const Lines *lines)
{
  const char *begin = head->target - 1 - strlen (head->method);

  return head->version == head->target + head->target_size + 1 && !lines->gaps && head->size > 0
         && lines->end + 2 * NEWLINE == begin + head->size;
}

/* Where a chunk ends the engine and others before it may read differently, down to line ends; no client of ours
   sends any. */
static gboolean
check_length (const Lines *lines, GError **error)
{
  if (lines->encodings > 0)
    return refuse_head (error, _("Transfer-Encoding is not supported: send the body's length in one Content-Length"));
  if (lines->lengths > 1)
    return refuse_head (error, _("the length of the body is given twice: send one Content-Length"));
  if (lines->lengths > 0 && (lines->length[0] == '\0' || lines->length[strspn (lines->length, G_CSET_DIGITS)] != '\0'))
    return refuse_head (error, _("Content-Length is not a decimal number"));
  return TRUE;
}

gboolean
va_head_check (const VaHead *head, GError **error)
{
  Lines lines = { .end = head->version + strlen (head->version) };

  for (guint i = 0; i < head->headers->len; i++)
    look_at_line (&lines, &g_array_index (head->headers, VaHeadPart, i));
  if (lines.names)
    return refuse_head (error, _("a header's name has an invalid character, such as a space before the colon"));
  if (lines.values)
    return refuse_head (error, _("a header's value has a control character"));
  if (head->in_place && !is_all_that_came (head, &lines))
    return refuse_head (error,
                        _("the request has a zero byte, a header that continues on a second line, a line that does not "
                          "end with CR LF, or more than one space between the parts of its first line"));
  if (lines.hosts > 1)
    return refuse_head (error, _("the header Host is given twice"));
  return check_length (&lines, error);
}
