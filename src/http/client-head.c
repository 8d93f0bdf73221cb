/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-head.h"

#include <string.h>
#include "core/i18n.h"

#define CHUNK_DIGITS_MAX 8

/* A run of bytes in a text that need not end with zero. */
typedef struct {
  const char *text;
  gsize size;
} Span;

static gboolean
span_is (Span span, const char *word)
{
  return span.size == strlen (word) && g_ascii_strncasecmp (span.text, word, span.size) == 0;
}

static Span
span_strip (Span span)
{
  while (span.size > 0 && (span.text[0] == ' ' || span.text[0] == '\t'))
    span = (Span){ span.text + 1, span.size - 1 };
  while (span.size > 0 && (span.text[span.size - 1] == ' ' || span.text[span.size - 1] == '\t'))
    span.size--;
  return span;
}

/* The part of @span before @end; what comes after @end goes to @rest. */
static Span
span_cut (Span span, const char *end, Span *rest)
{
  const char *at = memmem (span.text, span.size, end, strlen (end));
  Span part = { span.text, at != NULL ? (gsize) (at - span.text) : span.size };

  *rest = at != NULL ? (Span){ at + strlen (end), span.size - part.size - strlen (end) }
                     : (Span){ span.text + span.size, 0 };
  return part;
}

/* Decimal digits and nothing else, at most 15 of them. */
static gboolean
span_number (Span span, guint64 *out)
{
  *out = 0;
  if (span.size == 0 || span.size > 15)
    return FALSE;
  for (gsize i = 0; i < span.size; i++)
    {
      if (!g_ascii_isdigit (span.text[i]))
        return FALSE;
      *out = *out * 10 + (guint64) (span.text[i] - '0');
    }
  return TRUE;
}

static gboolean
read_status_line (Span line, VaClientHead *head)
{
  guint64 status;

  if (line.size < strlen ("HTTP/1.1 200") || memcmp (line.text, "HTTP/1.", 7) != 0
      || (line.text[7] != '0' && line.text[7] != '1') || line.text[8] != ' '
      || (line.size > 12 && line.text[12] != ' ') || !span_number ((Span){ line.text + 9, 3 }, &status))
    return FALSE;
  head->status = (guint) status;
  return status >= 100 && status <= 599;
}

static gboolean
is_token (Span name)
{
  for (gsize i = 0; i < name.size; i++)
    if (!g_ascii_isalnum (name.text[i]) && strchr ("!#$%&'*+-.^_`|~", name.text[i]) == NULL)
      return FALSE;
  return name.size > 0;
}

/* Returns: %NULL, or what is wrong. */
static const char *
read_length (VaClientHead *head, Span value)
{
  if (head->has_length)
    return _("it says its length twice");
  head->has_length = TRUE;
  return span_number (value, &head->length) ? NULL : _("its length is not a number");
}

/* Returns: %NULL, or what is wrong. */
static const char *
read_coding (VaClientHead *head, Span value)
{
  if (head->chunked || !span_is (value, "chunked"))
    return _("it has a transfer coding that is not supported");
  head->chunked = TRUE;
  return NULL;
}

/* Returns: %NULL, or what is wrong. */
static const char *
read_header (VaClientHead *head, Span line)
{
  Span value, rest;
  Span name = span_cut (line, ":", &value);
  guint64 seconds;

  if (name.size == line.size || !is_token (name))
    return _("it has a line that is not a header");
  value = span_strip (value);
  if (span_is (name, "Content-Length"))
    return read_length (head, value);
  if (span_is (name, "Transfer-Encoding"))
    return read_coding (head, value);
  if (span_is (name, "Content-Type"))
    head->json = span_is (span_strip (span_cut (value, ";", &rest)), "application/json");
  else if (span_is (name, "Retry-After") && span_number (value, &seconds))
    head->retry_after = (guint) MIN (seconds, G_MAXUINT);
  return NULL;
}

gboolean
va_client_head_parse (const char *text, gsize size, VaClientHead *head, const char **why)
{
  Span left = { text, size };
  Span line = span_cut (left, "\r\n", &left);

  memset (head, 0, sizeof *head);
  *why = _("it is not HTTP");
  if (memchr (text, '\0', size) != NULL || !read_status_line (line, head))
    return FALSE;
  while (left.size > 0)
    {
      line = span_cut (left, "\r\n", &left);
      *why = read_header (head, line);
      if (*why != NULL)
        return FALSE;
    }
  *why = _("it says its length twice");
  return !(head->chunked && head->has_length);
}

gboolean
va_client_chunk_size (const char *line, gsize size, guint64 *out)
{
  gsize digits = 0;

  *out = 0;
  for (; digits < size && digits < CHUNK_DIGITS_MAX && g_ascii_isxdigit (line[digits]); digits++)
    *out = *out * 16 + (guint64) g_ascii_xdigit_value (line[digits]);
  return digits > 0 && (digits == size || line[digits] == ';' || line[digits] == ' ' || line[digits] == '\t');
}
