/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/guid.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/random.h"

#define UUID_LENGTH 36

/* Which byte of the firmware's form each byte of the text goes to. */
static const guint8 guid_order[VA_GUID_SIZE] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static gboolean
uuid_decode (const char *text, guint8 out[16])
{
  char digits[33];
  gsize n = 0;

  if (strlen (text) != UUID_LENGTH)
    return FALSE;
  for (gsize i = 0; i < UUID_LENGTH; i++)
    {
      gboolean dash = i == 8 || i == 13 || i == 18 || i == 23;

      if (dash != (text[i] == '-'))
        return FALSE;
      if (!dash)
        digits[n++] = text[i];
    }
  digits[n] = '\0';
  return va_hex_decode (digits, out, 16, NULL);
}

static char *
uuid_encode (const guint8 bytes[16])
{
  g_autofree char *hex = va_hex_encode (bytes, 16);

  return g_strdup_printf ("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

gboolean
va_uuid_is_canonical (const char *text)
{
  guint8 bytes[16];

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isupper (*p))
      return FALSE;
  return uuid_decode (text, bytes);
}

char *
va_uuid_canonical (const char *text, GError **error)
{
  guint8 bytes[16];

  if (uuid_decode (text, bytes))
    return uuid_encode (bytes);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("“%.64s” is not a UUID: expected 8-4-4-4-12 hexadecimal digits"), text);
  return NULL;
}

static char *
uuid_finish (guint8 bytes[16], guint8 version)
{
  bytes[6] = (guint8) ((bytes[6] & 0x0f) | version << 4);
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return uuid_encode (bytes);
}

char *
va_uuid_random (void)
{
  guint8 bytes[16];

  va_random_fill (bytes, sizeof bytes);
  return uuid_finish (bytes, 4);
}

char *
va_uuid_by_time (void)
{
  guint8 bytes[16];
  guint64 milliseconds = (guint64) g_get_real_time () / 1000;

  va_random_fill (bytes, sizeof bytes);
  for (guint i = 0; i < 6; i++)
    bytes[i] = (guint8) (milliseconds >> (8 * (5 - i)));
  return uuid_finish (bytes, 7);
}

char *
va_uuid_by_name (const guint8 space[VA_GUID_SIZE], const char *name)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize size = sizeof digest;

  g_checksum_update (sum, space, VA_GUID_SIZE);
  g_checksum_update (sum, (const guchar *) name, (gssize) strlen (name));
  g_checksum_get_digest (sum, digest, &size);
  return uuid_finish (digest, 5);
}

gboolean
va_guid_parse (const char *text, guint8 out[VA_GUID_SIZE], GError **error)
{
  guint8 bytes[16];

  if (!uuid_decode (text, bytes))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("“%.64s” is not a GUID: expected 8-4-4-4-12 hexadecimal digits"), text);
      return FALSE;
    }
  for (gsize i = 0; i < VA_GUID_SIZE; i++)
    out[guid_order[i]] = bytes[i];
  return TRUE;
}

char *
va_guid_format (const guint8 guid[VA_GUID_SIZE])
{
  guint8 bytes[16];

  for (gsize i = 0; i < VA_GUID_SIZE; i++)
    bytes[i] = guid[guid_order[i]];
  return uuid_encode (bytes);
}
