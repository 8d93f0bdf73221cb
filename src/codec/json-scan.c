/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "codec/json-scan.h"

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
 * that are not UTF-8 of half a surrogate pair.
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

/* What may come next. */
typedef enum {
  NEXT_VALUE,
  NEXT_FIRST_ELEMENT, /* behind "[" */
  NEXT_FIRST_NAME,    /* behind "{" */
  NEXT_NAME,
  NEXT_COLON,
  NEXT_COMMA, /* or the end of what is open */
  NEXT_NOTHING,
} Next;

typedef struct {
  Next next;
  guint64 objects; /* a bit for each level that is open, the innermost lowest: 1: an object; 0: an array */
  guint depth, values, members;
} Scan;

/* The text itself may be a secret, so a message says where it is wrong and never what stands there. */
static const char *
name_expected (const Scan *scan)
{
  gboolean in_object = (scan->objects & 1) != 0;

  switch (scan->next)
    {
    case NEXT_FIRST_ELEMENT:
      return _("expected a value or “]”");
    case NEXT_FIRST_NAME:
      return _("expected a member's name in double quotes, or “}”");
    case NEXT_NAME:
      return _("expected a member's name in double quotes");
    case NEXT_COLON:
      return _("expected a colon");
    case NEXT_COMMA:
      return in_object ? _("expected a comma or “}”") : _("expected a comma or “]”");
    case NEXT_NOTHING:
      return _("expected nothing more");
    default:
      return _("expected a value");
    }
}

static gboolean
refuse_syntax (const char *text, const char *at, const char *why, GError **error)
{
  const char *line = text;
  guint lines = 1;

  for (const char *p = text; p < at; p++)
    if (*p == '\n')
      {
        lines++;
        line = p + 1;
      }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("this is not valid JSON: line %u, column %ld: %s"), lines,
               g_utf8_strlen (line, at - line) + 1, why);
  return FALSE;
}

static gboolean
takes_value (const Scan *scan)
{
  return scan->next == NEXT_VALUE || scan->next == NEXT_FIRST_ELEMENT;
}

static gboolean
takes_name (const Scan *scan)
{
  return scan->next == NEXT_NAME || scan->next == NEXT_FIRST_NAME;
}

static void
end_json_value (Scan *scan)
{
  scan->next = scan->depth > 0 ? NEXT_COMMA : NEXT_NOTHING;
}

static gboolean
open_level (Scan *scan, gboolean object)
{
  if (!takes_value (scan))
    return FALSE;
  scan->objects = scan->objects << 1 | (object ? 1 : 0);
  scan->depth++;
  scan->values++;
  scan->next = object ? NEXT_FIRST_NAME : NEXT_FIRST_ELEMENT;
  return TRUE;
}

static gboolean
close_level (Scan *scan, gboolean object)
{
  if (scan->depth == 0 || ((scan->objects & 1) != 0) != object
      || (scan->next != NEXT_COMMA && scan->next != (object ? NEXT_FIRST_NAME : NEXT_FIRST_ELEMENT)))
    return FALSE;
  scan->objects >>= 1;
  scan->depth--;
  end_json_value (scan);
  return TRUE;
}

/* Whether one of the characters that structure the text may stand here. */
static gboolean
take_structure (Scan *scan, char c)
{
  switch (c)
    {
    case '{':
    case '[':
      return open_level (scan, c == '{');
    case '}':
    case ']':
      return close_level (scan, c == '}');
    case ':':
      if (scan->next != NEXT_COLON)
        return FALSE;
      scan->members++;
      scan->next = NEXT_VALUE;
      return TRUE;
    default:
      if (scan->next != NEXT_COMMA)
        return FALSE;
      scan->next = (scan->objects & 1) != 0 ? NEXT_NAME : NEXT_VALUE;
      return TRUE;
    }
}

/* The end of the string, number or word at @p; %NULL with @why if there is none, or none may stand there. */
static const char *
take_scalar (Scan *scan, const char *p, const char *end, const char **why)
{
  gboolean string = *p == '"', number = *p == '-' || g_ascii_isdigit (*p);

  *why = name_expected (scan);
  if (!takes_value (scan) && !(string && takes_name (scan)))
    return NULL;
  scan->values++;
  if (takes_name (scan))
    scan->next = NEXT_COLON;
  else
    end_json_value (scan);
  if (string)
    *why = _("unterminated string, or one with a control character, an unpaired surrogate or an invalid escape");
  else if (number)
    *why = _("malformed number, or one with more than 18 digits or 2 exponent digits");
  return string ? skip_string (p, end) : number ? skip_number (p, end) : skip_word (p, end);
}

static const char *
take_token (Scan *scan, const char *p, const char *end, const char **why)
{
  if (strchr (" \t\r\n", *p) != NULL && *p != '\0')
    return p + 1;
  if (strchr ("{}[]:,", *p) == NULL || *p == '\0')
    return take_scalar (scan, p, end, why);
  *why = name_expected (scan);
  return take_structure (scan, *p) ? p + 1 : NULL;
}

gboolean
va_json_scan (const char *text, gsize size, guint max_depth, guint max_values, guint *members, GError **error)
{
  const char *end = text + size;
  Scan scan = { .next = NEXT_VALUE };

  g_return_val_if_fail (max_depth < 64, FALSE);
  if (!g_utf8_validate_len (text, size, NULL))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the JSON is not UTF-8 text"));
      return FALSE;
    }
  for (const char *p = text; p < end;)
    {
      const char *why = NULL, *next = take_token (&scan, p, end, &why);

      if (next == NULL)
        return refuse_syntax (text, p, why, error);
      if (scan.depth > max_depth || scan.values > max_values)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("the JSON has more than %u levels or %u values"),
                       max_depth, max_values);
          return FALSE;
        }
      p = next;
    }
  *members = scan.members;
  return scan.next == NEXT_NOTHING || refuse_syntax (text, end, name_expected (&scan), error);
}
