/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <nettle/aes.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <string.h>
#include "core/random.h"
#include "tee/sev/error.h"
#include "tee/sev/policy.h"
#include "tee/sev/session.h"

/* The platform's side, written from the specification on GLib's HMAC and single AES blocks, with no code of src/sev. */
typedef struct {
  struct ecc_scalar key;
  VaSevCert pdh;
} Platform;

static void
random_bytes (void *context, size_t length, uint8_t *out)
{
  va_random_fill (out, length);
}

static void
export_number (guint8 *out, mpz_t number)
{
  size_t count = 0;
  guint8 reversed[VA_SEV_EC_SIZE] = { 0 };

  g_assert_cmpuint (mpz_sizeinbase (number, 256), <=, sizeof reversed);
  mpz_export (reversed, &count, -1, 1, 0, 0, number);
  for (guint i = 0; i < VA_SEV_EC_SIZE; i++)
    out[i] = reversed[VA_SEV_EC_SIZE - 1 - i];
}

static void
platform_init (Platform *platform)
{
  struct ecc_point point;
  VaSevPoint key;
  guint8 raw[VA_SEV_CERT_SIZE];
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  ecc_point_init (&point, nettle_get_secp_384r1 ());
  ecc_scalar_init (&platform->key, nettle_get_secp_384r1 ());
  ecdsa_generate_keypair (&point, &platform->key, NULL, random_bytes);
  ecc_point_get (&point, x, y);
  export_number (key.x, x);
  export_number (key.y, y);
  va_sev_cert_build (raw, 1, 55, VA_SEV_USAGE_PDH, VA_SEV_ALGO_ECDH_SHA256, &key);
  g_assert_true (va_sev_cert_parse (&platform->pdh, raw, sizeof raw, NULL));
  ecc_point_clear (&point);
  mpz_clear (y);
  mpz_clear (x);
}

static void
platform_clear (Platform *platform)
{
  ecc_scalar_clear (&platform->key);
}

static void
platform_agree (Platform *platform, const VaSevCert *godh, guint8 shared[48])
{
  struct ecc_point point;
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  mpz_import (x, 48, 1, 1, 0, 0, godh->key.x);
  mpz_import (y, 48, 1, 1, 0, 0, godh->key.y);
  ecc_point_init (&point, nettle_get_secp_384r1 ());
  g_assert_true (ecc_point_set (&point, x, y));
  ecc_point_mul (&point, &platform->key, &point);
  ecc_point_get (&point, x, y);
  export_number (shared, x);
  ecc_point_clear (&point);
  mpz_clear (y);
  mpz_clear (x);
}

static void
hmac_of (const guint8 *key, gsize key_size, const guint8 *data, gsize size, guint8 out[32])
{
  g_autoptr(GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_size);
  gsize out_size = 32;

  g_hmac_update (hmac, data, (gssize) size);
  g_hmac_get_digest (hmac, out, &out_size);
}

/* SP 800-108 counter mode, counter and length little-endian, one block */
static void
kdf (const guint8 *key, gsize key_size, const char *label, const guint8 *context, gsize context_size, guint8 out[16])
{
  g_autoptr(GByteArray) input = g_byte_array_new ();
  guint8 block[32];

  g_byte_array_append (input, (const guint8 *) "\1\0\0\0", 4);
  g_byte_array_append (input, (const guint8 *) label, (guint) strlen (label) + 1);
  g_byte_array_append (input, context, (guint) context_size);
  g_byte_array_append (input, (const guint8 *) "\200\0\0\0", 4);
  hmac_of (key, key_size, input->data, input->len, block);
  memcpy (out, block, 16);
}

static gboolean
platform_open (Platform *platform, const VaSevSession *session, guint32 policy, guint8 tek[16], guint8 tik[16])
{
  const guint8 *buffer = session->session;
  guint8 shared[48], master[16], kek[16], kik[16], mac[32], counter[16], pad[16];
  guint8 policy_bytes[4] = { (guint8) policy, (guint8) (policy >> 8), (guint8) (policy >> 16),
                             (guint8) (policy >> 24) };
  struct aes128_ctx aes;
  VaSevCert godh;

  if (!va_sev_cert_parse (&godh, session->godh_cert, VA_SEV_CERT_SIZE, NULL))
    return FALSE;
  platform_agree (platform, &godh, shared);
  kdf (shared, sizeof shared, "sev-master-secret", buffer, 16, master);
  kdf (master, 16, "sev-kek", NULL, 0, kek);
  kdf (master, 16, "sev-kik", NULL, 0, kik);
  hmac_of (kik, 16, buffer + 16, 32, mac);
  if (memcmp (mac, buffer + 64, 32) != 0)
    return FALSE;
  memcpy (counter, buffer + 48, 16);
  aes128_set_encrypt_key (&aes, kek);
  for (guint half = 0; half < 2; half++)
    {
      aes128_encrypt (&aes, 16, pad, counter);
      for (guint i = 0; i < 16; i++)
        (half == 0 ? tek : tik)[i] = buffer[16 + half * 16 + i] ^ pad[i];
      for (int k = 15; k >= 0 && ++counter[k] == 0; k--)
        ;
    }
  hmac_of (tik, 16, policy_bytes, 4, mac);
  return memcmp (mac, buffer + 96, 32) == 0;
}

static void
test_round_trip (void)
{
  static const guint32 policies[] = { 0, VA_POLICY_NODBG, 0x05, 0x00370105, 0x80000001, 0xffffffff };
  Platform platform;

  platform_init (&platform);
  for (guint i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(VaSevSession) session = va_sev_session_new (&platform.pdh, policies[i], &error);
      guint8 tek[16], tik[16];

      g_assert_no_error (error);
      g_assert_true (platform_open (&platform, session, policies[i], tek, tik));
      g_assert_cmpmem (tek, 16, va_secret_data (session->tek), va_secret_size (session->tek));
      g_assert_cmpmem (tik, 16, va_secret_data (session->tik), va_secret_size (session->tik));
    }
  platform_clear (&platform);
}

static void
test_policy_all_bits (void)
{
  Platform platform;
  g_autoptr(VaSevSession) session = NULL;
  guint8 tek[16], tik[16];

  platform_init (&platform);
  session = va_sev_session_new (&platform.pdh, 0x00010001, NULL);
  for (guint bit = 0; bit < 32; bit++)
    g_assert_false (platform_open (&platform, session, 0x00010001 ^ (1u << bit), tek, tik));
  g_assert_true (platform_open (&platform, session, 0x00010001, tek, tik));
  platform_clear (&platform);
}

static void
test_tampered (void)
{
  Platform platform, other;
  g_autoptr(VaSevSession) session = NULL;
  guint8 tek[16], tik[16];

  platform_init (&platform);
  platform_init (&other);
  session = va_sev_session_new (&platform.pdh, 1, NULL);
  for (guint i = 0; i < VA_SEV_SESSION_SIZE; i++)
    {
      session->session[i] ^= 1;
      g_assert_false (platform_open (&platform, session, 1, tek, tik));
      session->session[i] ^= 1;
    }
  g_assert_false (platform_open (&other, session, 1, tek, tik));
  g_assert_true (platform_open (&platform, session, 1, tek, tik));
  platform_clear (&other);
  platform_clear (&platform);
}

static void
test_owner_certificate (void)
{
  Platform platform;
  g_autoptr(VaSevSession) session = NULL;
  VaSevCert godh;

  platform_init (&platform);
  session = va_sev_session_new (&platform.pdh, 1, NULL);
  g_assert_true (va_sev_cert_parse (&godh, session->godh_cert, VA_SEV_CERT_SIZE, NULL));
  g_assert_cmpuint (godh.usage, ==, VA_SEV_USAGE_PDH);
  g_assert_cmpuint (godh.algo, ==, VA_SEV_ALGO_ECDH_SHA256);
  g_assert_cmpuint (godh.api_major, ==, 1);
  g_assert_cmpuint (godh.api_minor, ==, 55);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (godh.signature[i].usage, ==, VA_SEV_USAGE_INVALID);
      g_assert_cmpuint (godh.signature[i].algo, ==, VA_SEV_ALGO_INVALID);
    }
  platform_clear (&platform);
}

/* Nothing of a launch may come back in another. */
static void
test_all_fresh (void)
{
  Platform platform;
  g_autoptr(VaSevSession) a = NULL;
  g_autoptr(VaSevSession) b = NULL;

  platform_init (&platform);
  a = va_sev_session_new (&platform.pdh, 1, NULL);
  b = va_sev_session_new (&platform.pdh, 1, NULL);
  g_assert_false (va_secret_equal (a->tik, b->tik));
  g_assert_false (va_secret_equal (a->tek, b->tek));
  g_assert_false (va_secret_equal (a->tek, a->tik));
  for (guint at = 0; at < VA_SEV_SESSION_SIZE; at += 16)
    g_assert_true (memcmp (a->session + at, b->session + at, 16) != 0);
  g_assert_true (memcmp (a->godh_cert + 20, b->godh_cert + 20, 48) != 0);
  platform_clear (&platform);
}

static void
test_refuses_keys (void)
{
  Platform platform;
  g_autoptr(GError) error = NULL;
  VaSevCert bad;

  platform_init (&platform);
  bad = platform.pdh;
  bad.key.y[47] ^= 1; /* a caller that skipped the parser */
  g_assert_null (va_sev_session_new (&bad, 1, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY);
  g_clear_error (&error);
  memset (&bad.key, 0, sizeof bad.key);
  g_assert_null (va_sev_session_new (&bad, 1, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY);
  g_clear_error (&error);
  bad = platform.pdh;
  bad.usage = VA_SEV_USAGE_PEK;
  g_assert_null (va_sev_session_new (&bad, 1, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY);
  platform_clear (&platform);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/session/round-trip", test_round_trip);
  g_test_add_func ("/sev/session/policy-all-bits", test_policy_all_bits);
  g_test_add_func ("/sev/session/tampered", test_tampered);
  g_test_add_func ("/sev/session/owner-certificate", test_owner_certificate);
  g_test_add_func ("/sev/session/all-fresh", test_all_fresh);
  g_test_add_func ("/sev/session/refuses-keys", test_refuses_keys);
  return g_test_run ();
}
