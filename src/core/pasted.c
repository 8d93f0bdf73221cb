/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/pasted.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

#define LEAST_HEX 8 /* bytes: so much base64 never happens to have nothing but hex digits in it */

static gboolean
is_space (guint8 c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static gboolean
is_around (guint8 c)
{
  return is_space (c) || c == '"' || c == '\'' || c == '`' || c == ',' || c == ';';
}

static gboolean
text_begins (const guint8 *data, gsize size, const char *prefix)
{
  gsize length = strlen (prefix);

  return size >= length && memcmp (data, prefix, length) == 0;
}

/* What mail and word processors make of quotes and blanks: spaces that do not break, marks, curly quotes. */
static gsize
match_typography (const guint8 *data, gsize size)
{
  static const char *const marks[] = { "\xef\xbb\xbf", "\xc2\xa0",     "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\x98",
                                       "\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\xa8" };

  for (guint i = 0; data[0] >= 0x80 && i < G_N_ELEMENTS (marks); i++)
    if (text_begins (data, size, marks[i]))
      return strlen (marks[i]);
  return 0;
}

static gboolean
is_plain (guint8 c)
{
  return is_space (c) || (c >= ' ' && c <= '~');
}

/* UTF-16 becomes ASCII, if everything in it is; bytes that only begin as it does stay as they are. */
static void
narrow_text (VaPasted *p)
{
  gboolean little = text_begins (p->data, p->size, "\xff\xfe");
  gsize low = little ? 0 : 1, high = little ? 1 : 0;

  if ((!little && !text_begins (p->data, p->size, "\xfe\xff")) || p->size % 2 != 0)
    return;
  for (gsize at = 2; at < p->size; at += 2)
    if (p->data[at + high] != 0 || !is_plain (p->data[at + low]))
      return;
  for (gsize at = 2; at < p->size; at += 2)
    p->data[at / 2 - 1] = p->data[at + low];
  p->size = p->size / 2 - 1;
}

/* Whether everything is a printable character, white space, or typography, which is left out then. */
static gboolean
become_text (VaPasted *p)
{
  gsize to = 0;

  for (gsize at = 0; at < p->size;)
    {
      gsize skipped = match_typography (p->data + at, p->size - at);

      if (skipped == 0 && !is_plain (p->data[at]))
        return FALSE;
      at += MAX (skipped, 1);
    }
  for (gsize at = 0; at < p->size;)
    {
      gsize skipped = match_typography (p->data + at, p->size - at);

      if (skipped == 0)
        p->data[to++] = p->data[at];
      at += MAX (skipped, 1);
    }
  p->size = to;
  return TRUE;
}

static void
trim_blanks (VaPasted *p)
{
  while (p->size > 0 && is_around (p->data[0]))
    p->data++, p->size--;
  while (p->size > 0 && is_around (p->data[p->size - 1]))
    p->size--;
}

void
va_pasted_open (VaPasted *pasted, guint8 *data, gsize size)
{
  pasted->data = data;
  pasted->size = size;
  if (size >= 2)
    narrow_text (pasted);
  pasted->is_text = become_text (pasted);
  if (pasted->is_text)
    trim_blanks (pasted);
}

static gboolean
is_name_byte (guint8 c)
{
  return g_ascii_isalnum (c) || c == '-' || c == '_';
}

/* Past @name at @at and what separates it from its value; 0: it does not stand there. */
static gsize
value_begins (const VaPasted *whole, gsize at, const char *name)
{
  gsize end = at + strlen (name);

  if (!text_begins (whole->data + at, whole->size - at, name) || (at > 0 && is_name_byte (whole->data[at - 1])))
    return 0;
  while (end < whole->size
         && (whole->data[end] == '"' || whole->data[end] == '\'' || whole->data[end] == ' '
             || whole->data[end] == '\t'))
    end++;
  if (end == whole->size || (whole->data[end] != ':' && whole->data[end] != '='))
    return 0;
  end++;
  while (end < whole->size && (is_space (whole->data[end]) && whole->data[end] != '\n'))
    end++;
  return end;
}

gboolean
va_pasted_member (const VaPasted *whole, const char *name, VaPasted *value)
{
  for (gsize at = 0; whole->is_text && at < whole->size; at++)
    {
      gsize begin = value_begins (whole, at, name), end = begin;
      guint8 quote;

      if (begin == 0 || begin == whole->size)
        continue;
      quote = whole->data[begin];
      if (quote == '{' || quote == '[')
        continue;
      if (quote == '"' || quote == '\'')
        for (end = ++begin; end < whole->size && whole->data[end] != quote; end++)
          continue;
      else
        while (end < whole->size && whole->data[end] != '\n' && whole->data[end] != ',' && whole->data[end] != '}')
          end++;
      value->data = whole->data + begin;
      value->size = end - begin;
      value->is_text = TRUE;
      trim_blanks (value);
      return TRUE;
    }
  return FALSE;
}

gboolean
va_pasted_has_armour (const VaPasted *pasted)
{
  return pasted->is_text && pasted->size > 0
         && g_strstr_len ((const char *) pasted->data, (gssize) pasted->size, "-----BEGIN ") != NULL;
}

void
va_pasted_strip_armour (VaPasted *pasted)
{
  gsize to = 0;

  for (gsize at = 0; at < pasted->size;)
    {
      const guint8 *line = pasted->data + at, *end = memchr (line, '\n', pasted->size - at);
      gsize length = end != NULL ? (gsize) (end - line) + 1 : pasted->size - at;

      if (!text_begins (line, length, "-----") && memchr (line, ':', length) == NULL)
        {
          memmove (pasted->data + to, line, length);
          to += length;
        }
      at += length;
    }
  pasted->size = to;
  trim_blanks (pasted);
}

/* The next character at *@at with its escapes undone: %2B of URLs, \/ and \n of JSON strings; -1 at the end. */
static int
next_character (const VaPasted *p, gsize *at)
{
  const guint8 *data = p->data + *at;
  gsize left = p->size - *at;

  if (left == 0)
    return -1;
  if (left >= 3 && data[0] == '%' && g_ascii_isxdigit (data[1]) && g_ascii_isxdigit (data[2]))
    {
      *at += 3;
      return g_ascii_xdigit_value (data[1]) << 4 | g_ascii_xdigit_value (data[2]);
    }
  if (left >= 6 && text_begins (data, left, "\\u00") && g_ascii_isxdigit (data[4]) && g_ascii_isxdigit (data[5]))
    {
      *at += 6;
      return g_ascii_xdigit_value (data[4]) << 4 | g_ascii_xdigit_value (data[5]);
    }
  if (left >= 2 && data[0] == '\\' && data[1] != '\0' && strchr ("/nrt", data[1]) != NULL)
    {
      *at += 2;
      return data[1] == '/' ? '/' : ' ';
    }
  (*at)++;
  return data[0];
}

/* Hex, maybe with 0x and what stands between bytes. Without any decimal digit it is rather base64, unless it has the
   @wanted bytes. Returns: the number of bytes, 0: it is none. @out: %NULL counts */
static gsize
read_hex (const VaPasted *p, gsize wanted, guint8 *out)
{
  gboolean decimal = FALSE;
  gsize digits = 0, at = 0;
  int c;

  while ((c = next_character (p, &at)) >= 0)
    {
      int value = g_ascii_xdigit_value ((char) c);
      gboolean even = digits % 2 == 0;

      if (even && c == '0' && at < p->size && (p->data[at] | 0x20) == 'x')
        {
          at++;
          continue;
        }
      if (value < 0 && (!even || (!is_space ((guint8) c) && (c == '\0' || strchr (":-,", c) == NULL))))
        return 0;
      if (value < 0)
        continue;
      if (out != NULL)
        out[digits / 2] = (guint8) (even ? value << 4 : out[digits / 2] | value);
      digits++;
      decimal |= value < 10;
    }
  return digits % 2 == 0 && (decimal || digits / 2 == wanted) ? digits / 2 : 0;
}

static int
base64_value (int c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Four characters of base64 in the making. */
typedef struct {
  guint32 bits;
  guint count;
  guint8 *out; /* or %NULL */
  gsize size;
} Group;

/* Ends a group, a short one too. Returns: whether it is one that an encoder makes */
static gboolean
end_group (Group *g)
{
  guint bytes = g->count * 6 / 8, spare = g->count * 6 - bytes * 8;

  if (g->count == 1 || (g->bits & ((1u << spare) - 1)) != 0)
    return FALSE;
  for (guint i = 0; i < bytes && g->out != NULL; i++)
    g->out[g->size + i] = (guint8) (g->bits >> (spare + 8 * (bytes - 1 - i)));
  g->size += bytes;
  g->bits = g->count = 0;
  return TRUE;
}

/* Returns: whether it is base64. @out: %NULL counts only. @wrong: (out): the first character that is none, or 0 */
static gboolean
read_base64 (const VaPasted *p, guint8 *out, gsize *size, gsize *wrong)
{
  Group group = { .out = out };
  int c;

  *wrong = 0;
  for (gsize at = 0, here = 0; (c = next_character (p, &at)) >= 0; here = at)
    {
      int value = base64_value (c);

      if (is_space ((guint8) c))
        continue;
      if (c == '=' ? !end_group (&group) : value < 0)
        {
          *wrong = here + 1;
          return FALSE;
        }
      if (c == '=')
        continue;
      group.bits = group.bits << 6 | (guint32) value;
      if (++group.count == 4 && !end_group (&group))
        return FALSE;
    }
  if (!end_group (&group))
    return FALSE;
  *size = group.size;
  return TRUE;
}

static gboolean
refuse_pasted (const VaPasted *p, gsize wrong, GError **error)
{
  if (p->size == 0)
    g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("it is empty"));
  else if (wrong > 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                 _("it is text, but neither base64 nor hex: character %zu is “%c”"), wrong,
                 is_space (p->data[wrong - 1]) ? ' ' : p->data[wrong - 1]);
  else
    g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                         _("it is base64 that was truncated or mistyped: there are stray bits at its end"));
  return FALSE;
}

gboolean
va_pasted_decode (VaPasted *pasted, gsize wanted, GError **error)
{
  gsize hex = read_hex (pasted, wanted, NULL), base64 = 0, wrong;
  gboolean is_base64 = read_base64 (pasted, NULL, &base64, &wrong);
  gboolean use_hex = hex >= LEAST_HEX || (hex > 0 && !is_base64);

  if (!use_hex && (!is_base64 || base64 == 0))
    return refuse_pasted (pasted, is_base64 ? 0 : wrong, error);
  if (use_hex)
    pasted->size = read_hex (pasted, wanted, pasted->data);
  else if (read_base64 (pasted, pasted->data, &base64, &wrong))
    pasted->size = base64;
  pasted->is_text = FALSE;
  return TRUE;
}
