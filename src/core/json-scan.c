/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/json-scan.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

#define INTEGER_DIGITS_MAX 18 /* all of them fit gint64; json-glib wraps longer ones around */
#define EXPONENT_DIGITS_MAX 2 /* far from infinity, which json-glib would make of 1e999 */

/* The value of the four digits at @p, or -1. */
static int
unicode_escape (const char *p, const char *end)
{
  int value = 0;

  if (end - p < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (p[i]))
        return -1;
      value = value * 16 + g_ascii_xdigit_value (p[i]);
    }
  return value;
}

/*
 * Behind the digits of the "\u" escape before @p, or %NULL. json-glib would cut a string at "\u0000", and make bytes
 * that are no UTF-8 of half a surrogate pair.
 */
static const char *
skip_unicode_escape (const char *p, const char *end)
{
  int value = unicode_escape (p, end);

  if (value <= 0 || (value >= 0xdc00 && value <= 0xdfff))
    return NULL;
  p += 4;
  if (value < 0xd800 || value > 0xdbff)
    return p;
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
    return NULL;
  value = unicode_escape (p + 2, end);
  return value >= 0xdc00 && value <= 0xdfff ? p + 6 : NULL;
}

/* The end of the string literal that begins at @p, or %NULL. */
static const char *
skip_string (const char *p, const char *end)
{
  p++;
  while (p != NULL && p < end && *p != '"')
    {
      if ((guchar) *p < 0x20)
        return NULL;
      if (*p != '\\')
        p++;
      else if (end - p < 2 || p[1] == '\0' || strchr ("\"\\/bfnrtu", p[1]) == NULL)
        return NULL;
      else
        p = p[1] == 'u' ? skip_unicode_escape (p + 2, end) : p + 2;
    }
  return p != NULL && p < end ? p + 1 : NULL;
}

static const char *
skip_digits (const char *p, const char *end)
{
  const char *start = p;

  while (p < end && g_ascii_isdigit (*p))
    p++;
  return p > start ? p : NULL;
}

static const char *
skip_number (const char *p, const char *end)
{
  const char *first;

  if (*p == '-')
    p++;
  first = p;
  p = skip_digits (p, end);
  if (p == NULL || (*first == '0' && p > first + 1) || p - first > INTEGER_DIGITS_MAX)
    return NULL;
  if (p < end && *p == '.')
    p = skip_digits (p + 1, end);
  if (p != NULL && p < end && (*p == 'e' || *p == 'E'))
    {
      p++;
      if (p < end && (*p == '+' || *p == '-'))
        p++;
      first = p;
      p = skip_digits (p, end);
      if (p != NULL && p - first > EXPONENT_DIGITS_MAX)
        return NULL;
    }
  return p;
}

static const char *
skip_word (const char *p, const char *end)
{
  static const char *const words[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);

      if ((gsize) (end - p) >= length && memcmp (p, words[i], length) == 0)
        return p + length;
    }
  return NULL;
}

typedef struct {
  guint depth, values, members;
} Counts;

/* The end of the token at @p, or %NULL if there is none; @counts go along. */
static const char *
skip_token (const char *p, const char *end, Counts *counts)
{
  switch (*p)
    {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ',':
      return p + 1;
    case ':':
      counts->members++;
      return p + 1;
    case '{':
    case '[':
      counts->depth++;
      counts->values++;
      return p + 1;
    case '}':
    case ']':
      if (counts->depth == 0)
        return NULL;
      counts->depth--;
      return p + 1;
    case '"':
      counts->values++;
      return skip_string (p, end);
    default:
      counts->values++;
      return *p == '-' || g_ascii_isdigit (*p) ? skip_number (p, end) : skip_word (p, end);
    }
}

gboolean
va_json_scan (const char *text, gsize size, guint max_depth, guint max_values, guint *members,
              GError **error)
{
  const char *end = text + size;
  Counts counts = { 0 };
  gboolean complete = FALSE;

  if (!g_utf8_validate_len (text, size, NULL))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the JSON is no UTF-8 text"));
      return FALSE;
    }
  for (const char *p = text; p < end;)
    {
      const char *next = skip_token (p, end, &counts);

      /* Once the outermost value is complete, only white space may follow. */
      if (next == NULL || (complete && !g_ascii_isspace (*p)))
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("no JSON at byte %" G_GSIZE_FORMAT),
                       (gsize) (p - text) + 1);
          return FALSE;
        }
      if (counts.depth > max_depth || counts.values > max_values)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                       _("the JSON has more than %u levels or %u values"), max_depth, max_values);
          return FALSE;
        }
      complete = counts.values > 0 && counts.depth == 0;
      p = next;
    }
  *members = counts.members;
  return TRUE;
}
