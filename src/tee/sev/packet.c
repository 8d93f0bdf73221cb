/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/packet.h"

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/hmac.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/random.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"

#define LAUNCH_SECRET 0x01
#define HEAD_SIZE (VA_GUID_SIZE + 4) /* of the table and of each entry: GUID and length */
#define KEY_SIZE 16

static const guint8 guid_table[VA_GUID_SIZE] = {
  /* 1e74f542-71dd-4d66-963e-ef4287ff173b, as the guest reads it */
  0x42, 0xf5, 0x74, 0x1e, 0xdd, 0x71, 0x66, 0x4d, 0x96, 0x3e, 0xef, 0x42, 0x87, 0xff, 0x17, 0x3b
};

static gboolean
refuse_packet (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, "%s", message);
}

gboolean
va_secret_guid_check (const guint8 guid[VA_GUID_SIZE], GError **error)
{
  if (va_bytes_are_zero (guid, VA_GUID_SIZE))
    return refuse_packet (error,
                          _("the GUID of zeros marks a deleted entry: the guest would not see the secret; choose "
                            "another"));
  if (memcmp (guid, guid_table, VA_GUID_SIZE) == 0)
    return refuse_packet (error, _("the GUID 1e74f542-71dd-4d66-963e-ef4287ff173b is the secret table's own; choose a "
                                   "different one for the secret"));
  return TRUE;
}

gboolean
va_secret_guid_is_passphrase (const guint8 guid[VA_GUID_SIZE])
{
  guint8 luks[VA_GUID_SIZE];

  return va_guid_parse (VA_GUID_LUKS_PASSPHRASE, luks, NULL) && memcmp (guid, luks, VA_GUID_SIZE) == 0;
}

gboolean
va_passphrase_check (gconstpointer data, gsize size, GError **error)
{
  return memchr (data, '\0', size) == NULL
         || refuse_packet (error, _("a luks-passphrase must not contain a zero byte; give such a secret its own GUID"));
}

static gboolean
check_entries (const VaSecretEntry *entries, gsize count, GError **error)
{
  if (count == 0)
    return refuse_packet (error, _("a secret table needs at least one secret"));
  for (gsize i = 0; i < count; i++)
    {
      if (!va_secret_guid_check (entries[i].guid, error))
        return FALSE;
      for (gsize j = 0; j < i; j++)
        if (memcmp (entries[i].guid, entries[j].guid, VA_GUID_SIZE) == 0)
          {
            g_autofree char *text = va_guid_format (entries[i].guid);

            g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                         _("two secrets have the GUID %s: the guest would find only the first of them"), text);
            return FALSE;
          }
    }
  return TRUE;
}

/* Without the padding; G_MAXSIZE when it overflows */
static gsize
unpadded_size (const VaSecretEntry *entries, gsize count)
{
  gsize size = HEAD_SIZE;

  for (gsize i = 0; i < count; i++)
    if (!g_size_checked_add (&size, size, HEAD_SIZE) || !g_size_checked_add (&size, size, entries[i].size))
      return G_MAXSIZE;
  return size;
}

gsize
va_secret_table_size (const VaSecretEntry *entries, gsize count)
{
  gsize size = unpadded_size (entries, count);

  return size > G_MAXSIZE - 15 ? G_MAXSIZE : (size + 15) / 16 * 16;
}

static gboolean
table_fits (gsize size, gsize area, GError **error)
{
  if (area != 0 && size > area)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE,
                   _("the secrets need %zu bytes; the firmware's secret area has %zu: give fewer or shorter secrets, "
                     "or use firmware with a larger area"),
                   size, area);
      return FALSE;
    }
  if (size > VA_SECRET_TABLE_MAX)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE,
                   _("the secrets need %zu bytes; one injection takes at most %d"), size, VA_SECRET_TABLE_MAX);
      return FALSE;
    }
  return TRUE;
}

VaSecret *
va_secret_table_build (const VaSecretEntry *entries, gsize count, gsize area, GError **error)
{
  gsize size = va_secret_table_size (entries, count);
  VaSecret *table;
  guint8 *at;

  if (!check_entries (entries, count, error) || !table_fits (size, area, error))
    return NULL;
  table = va_secret_new (size);
  at = va_secret_data (table);
  memcpy (at, guid_table, VA_GUID_SIZE);
  va_put_le32 (at + VA_GUID_SIZE, (guint32) unpadded_size (entries, count));
  at += HEAD_SIZE;
  for (gsize i = 0; i < count; i++)
    {
      memcpy (at, entries[i].guid, VA_GUID_SIZE);
      va_put_le32 (at + VA_GUID_SIZE, (guint32) (HEAD_SIZE + entries[i].size));
      at += HEAD_SIZE;
      if (entries[i].size > 0)
        memcpy (at, entries[i].data, entries[i].size);
      at += entries[i].size;
    }
  return table;
}

static void
encrypt_table (VaSecret *tek, const guint8 iv[16], VaSecret *table, guint8 *out)
{
  struct aes128_ctx aes;
  guint8 counter[AES_BLOCK_SIZE];

  memcpy (counter, iv, sizeof counter);
  aes128_set_encrypt_key (&aes, va_secret_data (tek));
  ctr_crypt (&aes, (nettle_cipher_func *) aes128_encrypt, sizeof counter, counter, va_secret_size (table), out,
             va_secret_data (table));
  va_wipe (&aes, sizeof aes);
}

GBytes *
va_packet_seal_with_iv (VaSecret *tik, VaSecret *tek, VaSecret *table, const guint8 measure[32], const guint8 iv[16],
                        guint8 header[VA_PACKET_HEADER_SIZE])
{
  gsize size = va_secret_size (table);
  guint8 *payload, kind = LAUNCH_SECRET, lengths[8];
  struct hmac_sha256_ctx hmac;

  g_return_val_if_fail (va_secret_size (tik) == KEY_SIZE && va_secret_size (tek) == KEY_SIZE, NULL);
  g_return_val_if_fail (size > 0 && size <= VA_SECRET_TABLE_MAX, NULL);
  payload = g_malloc (size);
  encrypt_table (tek, iv, table, payload);
  memset (header, 0, VA_PACKET_HEADER_SIZE); /* flags 0: not compressed */
  memcpy (header + 4, iv, 16);
  va_put_le32 (lengths, (guint32) size);     /* in the guest */
  va_put_le32 (lengths + 4, (guint32) size); /* as transported */
  hmac_sha256_set_key (&hmac, KEY_SIZE, va_secret_data (tik));
  hmac_sha256_update (&hmac, 1, &kind);
  hmac_sha256_update (&hmac, 20, header);
  hmac_sha256_update (&hmac, sizeof lengths, lengths);
  hmac_sha256_update (&hmac, size, payload);
  hmac_sha256_update (&hmac, 32, measure);
  hmac_sha256_digest (&hmac, 32, header + 20);
  va_wipe (&hmac, sizeof hmac);
  return g_bytes_new_take (payload, size);
}

GBytes *
va_packet_seal (VaSecret *tik, VaSecret *tek, VaSecret *table, const guint8 measure[32],
                guint8 header[VA_PACKET_HEADER_SIZE])
{
  guint8 iv[16];

  va_random_fill (iv, sizeof iv);
  return va_packet_seal_with_iv (tik, tek, table, measure, iv, header);
}
