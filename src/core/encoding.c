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
                   _("expected %" G_GSIZE_FORMAT " hexadecimal digits, found %" G_GSIZE_FORMAT " characters"),
                   size * 2, length);
      return FALSE;
    }
  for (gsize i = 0; i < size; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]);
      int low = g_ascii_xdigit_value (text[2 * i + 1]);

      if (high < 0 || low < 0)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                       _("not a hexadecimal digit at character %" G_GSIZE_FORMAT), 2 * i + (high < 0 ? 1 : 2));
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

static int
base64_value (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Checks the form of all of @text and computes the size of what it encodes. */
static gboolean
base64_size (const char *text, gsize max, gsize *size, GError **error)
{
  gsize length = strlen (text);
  gsize padding = length >= 2 && text[length - 1] == '=' ? (text[length - 2] == '=' ? 2 : 1) : 0;

  if (length % 4 != 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("base64 of %" G_GSIZE_FORMAT " characters: the length must be a multiple of 4"), length);
      return FALSE;
    }
  for (gsize i = 0; i < length - padding; i++)
    if (base64_value (text[i]) < 0)
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                     _("not a base64 character at position %" G_GSIZE_FORMAT), i + 1);
        return FALSE;
      }
  if (padding > 0 && (base64_value (text[length - padding - 1]) & (padding == 2 ? 15 : 3)) != 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("base64 with bits after its last byte"));
      return FALSE;
    }
  *size = length / 4 * 3 - padding;
  if (*size > max)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                   _("base64 of %" G_GSIZE_FORMAT " bytes, at most %" G_GSIZE_FORMAT " are taken"), *size, max);
      return FALSE;
    }
  return TRUE;
}

static void
base64_fill (const char *text, guint8 *out, gsize size)
{
  guint32 bits = 0;
  gsize done = 0;

  for (gsize i = 0; done < size; i++)
    {
      int value = base64_value (text[i]);

      bits = bits << 6 | (guint32) (value < 0 ? 0 : value);
      if (i % 4 == 3)
        for (int shift = 16; shift >= 0 && done < size; shift -= 8)
          out[done++] = (guint8) (bits >> shift);
    }
  va_wipe (&bits, sizeof bits);
}

GBytes *
va_base64_decode (const char *text, gsize max, GError **error)
{
  gsize size;
  guint8 *data;

  if (!base64_size (text, max, &size, error))
    return NULL;
  data = g_malloc (size + 1);
  base64_fill (text, data, size);
  return g_bytes_new_take (data, size);
}

gboolean
va_base64_decode_exact (const char *text, gpointer out, gsize size, GError **error)
{
  gsize found;

  if (!base64_size (text, G_MAXSIZE, &found, error))
    return FALSE;
  if (found != size)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("base64 of %" G_GSIZE_FORMAT " bytes, expected exactly %" G_GSIZE_FORMAT), found, size);
      return FALSE;
    }
  base64_fill (text, out, size);
  return TRUE;
}

VaSecret *
va_base64_decode_secret (const char *text, gsize max, GError **error)
{
  VaSecret *secret;
  gsize size;

  if (!base64_size (text, max, &size, error))
    return NULL;
  secret = va_secret_new (size);
  base64_fill (text, va_secret_data (secret), size);
  return secret;
}
