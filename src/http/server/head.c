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

typedef struct {
  const char *end; /* of the last line: the byte behind what libmicrohttpd kept of it */
  gboolean gaps;   /* something was sent that no header has */
  gboolean names, values;
  guint lengths, encodings, hosts;
  const char *length;
} Lines;

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

static enum MHD_Result
on_header (void *data, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
           size_t value_size)
{
  Lines *lines = data;

  (void) kind;
  if (value == NULL)
    value = name + name_size; /* follows no name */
  lines->gaps |= !line_follows (lines, name, name_size, value);
  lines->end = value + value_size;
  lines->names |= !is_token (name, name_size);
  lines->values |= !value_is_text (value, value_size);
  lines->hosts += g_ascii_strcasecmp (name, MHD_HTTP_HEADER_HOST) == 0;
  if (g_ascii_strcasecmp (name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0)
    {
      lines->lengths++;
      lines->length = value;
    }
  if (g_ascii_strcasecmp (name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
    lines->encodings++;
  return MHD_YES;
}

/*
 * Before its version 1.0 libmicrohttpd takes headers apart in the buffer that they came in, ends strings at a zero
 * byte that was sent, and makes "Transfer-Encoding" of "Transfer-: chunked\r\n Encoding". So everything that it kept
 * must lie one behind the other, and be all that it read.
 */
static gboolean
is_all_that_came (const VaHead *head, struct MHD_Connection *mhd, const char *method, const Lines *lines)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  const char *begin = head->target - 1 - strlen (method);

  return !lines->gaps && info != NULL && lines->end + 2 * NEWLINE == begin + info->header_size;
}

/* Where a chunk ends libmicrohttpd and others before it may read differently, down to line ends; no client of ours
   sends any. */
static gboolean
check_length (const Lines *lines, GError **error)
{
  if (lines->encodings > 0)
    return refuse_head (error, _("Transfer-Encoding is not supported: send the body's length in one Content-Length"));
  if (lines->lengths > 1)
    return refuse_head (error, _("the length of the body is given twice: send one Content-Length"));
  if (lines->lengths > 0 && (lines->length[0] == '\0' || lines->length[strspn (lines->length, G_CSET_DIGITS)] != '\0'))
    return refuse_head (error, _("Content-Length is not a number in decimal"));
  return TRUE;
}

gboolean
va_head_check (const VaHead *head, struct MHD_Connection *mhd, const char *method, const char *version, GError **error)
{
  Lines lines = { .end = version + strlen (version) };
  gboolean in_place = g_str_has_prefix (MHD_get_version (), "0.");

  MHD_get_connection_values_n (mhd, MHD_HEADER_KIND, on_header, &lines);
  if (lines.names)
    return refuse_head (error,
                        _("a header's name has a character that none may have, a blank before the colon for instance"));
  if (lines.values)
    return refuse_head (error, _("a header's value has a control character"));
  if (in_place && (version != head->target + head->target_size + 1 || !is_all_that_came (head, mhd, method, &lines)))
    return refuse_head (error,
                        _("the request has a zero byte, a header that goes on in a second line, a line that does not "
                          "end with CR LF, or more than one blank between the parts of its first line"));
  if (lines.hosts > 1)
    return refuse_head (error, _("the header Host is there twice"));
  return check_length (&lines, error);
}
