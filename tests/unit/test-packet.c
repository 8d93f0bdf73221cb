/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <nettle/aes.h>
#include <string.h>
#include "core/encoding.h"
#include "sev-data.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"
#include "tee/sev/packet.h"

static VaSecretEntry
entry_of (const Case *one, GBytes *bytes)
{
  VaSecretEntry entry;

  g_assert_true (va_guid_parse (one->secret_guid, entry.guid, NULL));
  entry.data = g_bytes_get_data (bytes, &entry.size);
  return entry;
}

static VaSecret *
table_of (const Case *one)
{
  VaSecret *table = va_secret_new (strlen (one->table) / 2);

  g_assert_true (va_hex_decode (one->table, va_secret_data (table), va_secret_size (table), NULL));
  return table;
}

static void
test_known_tables (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();

  for (guint i = 0; i < cases->len; i++)
    {
      const Case *one = g_ptr_array_index (cases, i);
      g_autoptr(GBytes) bytes = data_file ("inputs/%s", one->secret_file);
      VaSecretEntry entry = entry_of (one, bytes);
      g_autoptr(GError) error = NULL;
      g_autoptr(VaSecret) table = va_secret_table_build (&entry, 1, 0xc00, &error);
      g_autoptr(VaSecret) expected = table_of (one);
      gsize size;

      g_assert_no_error (error);
      size = va_secret_size (table);
      g_assert_cmpuint (va_secret_table_size (&entry, 1), ==, size);
      /* libvirt adds a whole 16 bytes more to an aligned table */
      g_assert_cmpuint (size, ==, va_secret_size (expected) - (i == 1 ? 16 : 0));
      g_assert_cmpmem (va_secret_data (table), size, va_secret_data (expected), size);
      g_assert_true (va_bytes_are_zero (va_secret_data (expected) + size, va_secret_size (expected) - size));
    }
}

static void
test_known_packets (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();

  g_assert_cmpuint (cases->len, ==, 3);
  for (guint i = 0; i < cases->len; i++)
    {
      const Case *one = g_ptr_array_index (cases, i);
      g_autoptr(VaSecret) table = table_of (one);
      guint8 header[VA_PACKET_HEADER_SIZE];
      g_autoptr(GBytes) payload = NULL;
      g_autoptr(GBytes) peer_header = data_file ("cases/%s/peer-secret-header.b64", one->name);
      g_autoptr(GBytes) peer_payload = data_file ("cases/%s/peer-secret-payload.b64", one->name);
      g_autofree char *header_text = NULL;
      g_autofree char *payload_text = NULL;

      payload = va_packet_seal_with_iv (one->tik, one->tek, table, one->measure, one->iv, header);
      header_text = va_base64_encode (header, sizeof header);
      payload_text = va_base64_encode (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
      g_assert_cmpstr (header_text, ==, one->header);
      g_assert_cmpstr (payload_text, ==, one->payload);
      g_assert_cmpmem (header_text, strlen (header_text), g_bytes_get_data (peer_header, NULL),
                       g_bytes_get_size (peer_header));
      g_assert_cmpmem (payload_text, strlen (payload_text), g_bytes_get_data (peer_payload, NULL),
                       g_bytes_get_size (peer_payload));
    }
}

/* The platform's side, written anew on GLib's HMAC and single AES blocks: the table in the clear, or %NULL. */
static VaSecret *
open_packet (VaSecret *tik, VaSecret *tek, const guint8 measure[32], const guint8 header[VA_PACKET_HEADER_SIZE],
             GBytes *payload)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  g_autoptr(GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, va_secret_data (tik), 16);
  guint8 lengths[8], mac[32], counter[16], pad[16];
  gsize mac_size = sizeof mac;
  struct aes128_ctx aes;
  VaSecret *table;

  for (guint i = 0; i < 4; i++)
    lengths[i] = lengths[4 + i] = (guint8) (size >> 8 * i);
  g_hmac_update (hmac, (const guint8 *) "\1", 1);
  g_hmac_update (hmac, header, 20);
  g_hmac_update (hmac, lengths, 8);
  g_hmac_update (hmac, data, (gssize) size);
  g_hmac_update (hmac, measure, 32);
  g_hmac_get_digest (hmac, mac, &mac_size);
  if (memcmp (mac, header + 20, 32) != 0)
    return NULL;
  table = va_secret_copy_in (data, size);
  memcpy (counter, header + 4, 16);
  aes128_set_encrypt_key (&aes, va_secret_data (tek));
  for (gsize i = 0; i < size; i++)
    {
      if (i % 16 == 0)
        {
          aes128_encrypt (&aes, 16, pad, counter);
          for (int k = 15; k >= 0 && ++counter[k] == 0; k--)
            ;
        }
      va_secret_data (table)[i] ^= pad[i % 16];
    }
  return table;
}

static void
test_round_trip (void)
{
  static const gsize sizes[] = { 0, 1, 7, 8, 9, 4096 };
  g_autoptr(GBytes) long_one = data_file ("inputs/secret-4k.bin");
  g_autoptr(VaSecret) tik = va_secret_copy_in ("0123456789abcdef", 16);
  g_autoptr(VaSecret) tek = va_secret_copy_in ("fedcba9876543210", 16);
  guint8 measure[32] = { 1, 2, 3 }, first_iv[16] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      VaSecretEntry entries[2] = { { { 1 }, g_bytes_get_data (long_one, NULL), sizes[i] },
                                   { { 2 }, (const guint8 *) "second", 6 } };
      g_autoptr(VaSecret) table = va_secret_table_build (entries, 2, 0, NULL);
      g_autoptr(VaSecret) opened = NULL;
      g_autoptr(GBytes) payload = NULL;
      guint8 header[VA_PACKET_HEADER_SIZE];
      const guint8 *at = va_secret_data (table);

      g_assert_cmpuint (va_secret_size (table) % 16, ==, 0);
      g_assert_cmpuint (va_secret_size (table), <, 60 + sizes[i] + 6 + 16);
      g_assert_cmpuint (va_get_le32 (at + 16), ==, 60 + sizes[i] + 6);
      g_assert_cmpuint (va_get_le32 (at + 36), ==, 20 + sizes[i]);
      g_assert_cmpmem (at + 40, sizes[i], entries[0].data, sizes[i]);
      g_assert_cmpuint (va_get_le32 (at + 40 + sizes[i] + 16), ==, 26);
      g_assert_cmpmem (at + 60 + sizes[i], 6, "second", 6);
      payload = va_packet_seal (tik, tek, table, measure, header);
      opened = open_packet (tik, tek, measure, header, payload);
      g_assert_nonnull (opened);
      g_assert_true (va_secret_equal (opened, table));
      g_assert_cmpuint (va_get_le32 (header), ==, 0);
      g_assert_true (memcmp (header + 4, first_iv, 16) != 0);
      memcpy (first_iv, header + 4, 16);
    }
}

static void
test_refuses_tampered (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();
  const Case *one = g_ptr_array_index (cases, 0);
  g_autoptr(VaSecret) table = table_of (one);
  guint8 header[VA_PACKET_HEADER_SIZE], measure[32];
  g_autoptr(GBytes) payload = va_packet_seal (one->tik, one->tek, table, one->measure, header);
  g_autoptr(VaSecret) good = open_packet (one->tik, one->tek, one->measure, header, payload);

  g_assert_nonnull (good);
  for (guint i = 0; i < VA_PACKET_HEADER_SIZE; i++)
    {
      header[i] ^= 1;
      g_assert_null (open_packet (one->tik, one->tek, one->measure, header, payload));
      header[i] ^= 1;
    }
  memcpy (measure, one->measure, 32);
  measure[31] ^= 1;
  g_assert_null (open_packet (one->tik, one->tek, measure, header, payload));
  g_assert_null (open_packet (one->tek, one->tek, one->measure, header, payload));
}

static void
test_too_large (void)
{
  g_autofree guint8 *data = g_malloc0 (20000);
  VaSecretEntry entry = { { 1 }, data, 0xc00 - 40 };
  g_autoptr(VaSecret) fits = va_secret_table_build (&entry, 1, 0xc00, NULL);
  g_autoptr(VaSecret) largest = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (fits);
  g_assert_cmpuint (va_secret_size (fits), ==, 0xc00);
  entry.size++;
  g_assert_null (va_secret_table_build (&entry, 1, 0xc00, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "3088"));
  g_assert_nonnull (strstr (error->message, "3072"));
  g_clear_error (&error);

  entry.size = VA_SECRET_TABLE_MAX - 40;
  largest = va_secret_table_build (&entry, 1, 0, NULL);
  g_assert_nonnull (largest);
  entry.size++;
  g_assert_null (va_secret_table_build (&entry, 1, 0, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "16400"));
  g_assert_nonnull (strstr (error->message, "16384"));
  g_clear_error (&error);
  /* an area larger than one injection does not help */
  g_assert_null (va_secret_table_build (&entry, 1, 65536, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_null (va_secret_table_build (&entry, 1, 1, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE);
}

/* What the guest could not find is refused: no GUID, the table's own, one twice. */
static void
test_lost_entries (void)
{
  VaSecretEntry one = { { 1 }, (const guint8 *) "x", 1 }, entries[2] = { one, one };
  g_autoptr(GError) error = NULL;

  g_assert_null (va_secret_table_build (entries, 2, 0, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "two secrets"));
  g_clear_error (&error);
  for (const char **guid =
         (const char *[]){ "00000000-0000-0000-0000-000000000000", "1e74f542-71dd-4d66-963e-ef4287ff173b", NULL };
       *guid != NULL; guid++)
    {
      g_assert_true (va_guid_parse (*guid, one.guid, NULL));
      g_assert_null (va_secret_table_build (&one, 1, 0, &error));
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      g_clear_error (&error);
    }
}

static void
test_overflow (void)
{
  VaSecretEntry entries[2] = { { { 1 }, NULL, G_MAXSIZE }, { { 2 }, NULL, G_MAXSIZE / 2 } };
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (va_secret_table_size (entries, 1), ==, G_MAXSIZE);
  g_assert_cmpuint (va_secret_table_size (entries, 2), ==, G_MAXSIZE);
  g_assert_null (va_secret_table_build (entries, 2, 0, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE);
  g_clear_error (&error);
  entries[0].size = G_MAXSIZE - 40 - 7;
  g_assert_cmpuint (va_secret_table_size (entries, 1), ==, G_MAXSIZE);
  entries[0].size = G_MAXSIZE / 2 + 1;
  g_assert_cmpuint (va_secret_table_size (entries, 2), ==, G_MAXSIZE);
  g_assert_null (va_secret_table_build (entries, 0, 0, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/packet/known-tables", test_known_tables);
  g_test_add_func ("/sev/packet/known-packets", test_known_packets);
  g_test_add_func ("/sev/packet/round-trip", test_round_trip);
  g_test_add_func ("/sev/packet/refuses-tampered", test_refuses_tampered);
  g_test_add_func ("/sev/packet/too-large", test_too_large);
  g_test_add_func ("/sev/packet/overflow", test_overflow);
  g_test_add_func ("/sev/packet/lost-entries", test_lost_entries);
  return g_test_run ();
}
