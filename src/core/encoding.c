/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/encoding.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

char *
va_hex_encode (gconstpointer data, gsize size)
{
  static const char digits[] = "0123456789abcdef";
  const guint8 *bytes = data;
  char *text = g_malloc (size * 2 + 1);

  for (gsize i = 0; i < size; i++)
    {
      text[2 * i] = digits[bytes[i] >> 4];
      text[2 * i + 1] = digits[bytes[i] & 15];
    }
  text[size * 2] = '\0';
  return text;
}

gboolean
va_hex_decode (const char *text, gpointer out, gsize size, GError **error)
{
  guint8 *bytes = out;
  gsize length = strlen (text);

  if (length != size * 2)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("expected %zu hexadecimal digits, found %zu characters"), size * 2, length);
      return FALSE;
    }
  for (gsize i = 0; i < size; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]);
      int low = g_ascii_xdigit_value (text[2 * i + 1]);

      if (high < 0 || low < 0)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("not a hexadecimal digit at character %zu"),
                       2 * i + (high < 0 ? 1 : 2));
          return FALSE;
        }
      bytes[i] = (guint8) (high << 4 | low);
    }
  return TRUE;
}

gboolean
va_is_hex (const char *text, gsize digits)
{
  return strlen (text) == digits && strspn (text, "0123456789abcdef") == digits;
}

char *
va_base64_encode (gconstpointer data, gsize size)
{
  return size > 0 ? g_base64_encode (data, size) : g_strdup ("");
}

#define NOT_BASE64 0x80

/* Six bits of a character, or NOT_BASE64. */
static const guint8 *
base64_values (void)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static guint8 values[256];
  static gsize once;

  if (g_once_init_enter (&once))
    {
      memset (values, NOT_BASE64, sizeof values);
      for (guint i = 0; i < sizeof alphabet - 1; i++)
        values[(guint8) alphabet[i]] = (guint8) i;
      g_once_init_leave (&once, 1);
    }
  return values;
}

/* The size of what @text encodes, as its length and its end have it. */
static gboolean
base64_size (const char *text, gsize max, gsize *size, GError **error)
{
  gsize length = strlen (text);
  gsize padding = length >= 2 && text[length - 1] == '=' ? (text[length - 2] == '=' ? 2 : 1) : 0;

  if (length % 4 != 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("base64 of %zu characters: the length must be a multiple of 4"), length);
      return FALSE;
    }
  *size = length / 4 * 3 - padding;
  if (*size <= max)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("base64 of %zu bytes, but at most %zu are accepted"), *size,
               max);
  return FALSE;
}

/* Says which character of the first @length is none. */
static gboolean
set_not_base64 (const char *text, gsize length, GError **error)
{
  const guint8 *values = base64_values ();

  for (gsize i = 0; i < length; i++)
    if (values[(guint8) text[i]] == NOT_BASE64)
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("not a base64 character at position %zu"), i + 1);
        return FALSE;
      }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("base64 with stray bits after its last byte"));
  return FALSE;
}

/* Fills @out with the @size bytes that base64_size() found; four characters make three bytes, the last ones fewer. */
static gboolean
base64_fill (const char *text, guint8 *out, gsize size, GError **error)
{
  const guint8 *in = (const guint8 *) text, *values = base64_values ();
  gsize whole = size / 3, rest = size % 3;
  guint8 bad = 0;

  for (gsize i = 0; i < whole; i++, in += 4, out += 3)
    {
      guint8 a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];

      bad |= a | b | c | d;
      out[0] = (guint8) (a << 2 | b >> 4);
      out[1] = (guint8) (b << 4 | c >> 2);
      out[2] = (guint8) (c << 6 | d);
    }
  if (rest > 0)
    {
      guint8 a = values[in[0]], b = values[in[1]], c = rest == 2 ? values[in[2]] : 0;

      bad |= a | b | c;
      bad |= (rest == 2 ? c & 3 : b & 15) != 0 ? NOT_BASE64 : 0;
      out[0] = (guint8) (a << 2 | b >> 4);
      if (rest == 2)
        out[1] = (guint8) (b << 4 | c >> 2);
    }
  return (bad & NOT_BASE64) == 0 || set_not_base64 (text, whole * 4 + (rest > 0 ? rest + 1 : 0), error);
}

GBytes *
va_base64_decode (const char *text, gsize max, GError **error)
{
  gsize size;
  guint8 *data;

  if (!base64_size (text, max, &size, error))
    return NULL;
  data = g_malloc (size + 1);
  if (base64_fill (text, data, size, error))
    return g_bytes_new_take (data, size);
  g_free (data);
  return NULL;
}

gboolean
va_base64_decode_exact (const char *text, gpointer out, gsize size, GError **error)
{
  gsize found;

  if (!base64_size (text, G_MAXSIZE, &found, error))
    return FALSE;
  if (found != size)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("base64 of %zu bytes, expected exactly %zu"), found,
                   size);
      return FALSE;
    }
  return base64_fill (text, out, size, error);
}

VaSecret *
va_base64_decode_secret (const char *text, gsize max, GError **error)
{
  VaSecret *secret;
  gsize size;

  if (!base64_size (text, max, &size, error))
    return NULL;
  secret = va_secret_new (size);
  if (base64_fill (text, va_secret_data (secret), size, error))
    return secret;
  va_secret_free (secret);
  return NULL;
}
