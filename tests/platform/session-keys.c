/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/session-keys.h"

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>
#include "platform/psp.h"

#define USAGE_PDH 0x1003
#define ALGO_ECDH_SHA256 0x003
#define CURVE_P384 2
/* Where a certificate keeps what. */
#define AT_USAGE 8
#define AT_ALGO 12
#define AT_CURVE 16
#define AT_X 20
#define AT_Y 92

void
va_psp_put_u32 (guint8 out[4], guint32 value)
{
  for (int i = 0; i < 4; i++)
    out[i] = (guint8) (value >> (8 * i));
}

guint32
va_psp_get_u32 (const guint8 in[4])
{
  return in[0] | (guint32) in[1] << 8 | (guint32) in[2] << 16 | (guint32) in[3] << 24;
}

void
va_psp_hmac (const guint8 *key, gsize key_size, const guint8 *data, gsize size, guint8 out[32])
{
  struct hmac_sha256_ctx hmac;

  hmac_sha256_set_key (&hmac, key_size, key);
  hmac_sha256_update (&hmac, size, data);
  hmac_sha256_digest (&hmac, 32, out);
  explicit_bzero (&hmac, sizeof hmac);
}

void
va_psp_ctr (const guint8 key[16], const guint8 iv[16], const guint8 *in, guint8 *out, gsize size)
{
  struct aes128_ctx aes;
  guint8 counter[16];

  memcpy (counter, iv, sizeof counter);
  aes128_set_encrypt_key (&aes, key);
  ctr_crypt (&aes, (nettle_cipher_func *) aes128_encrypt, 16, counter, size, out, in);
  explicit_bzero (&aes, sizeof aes);
}

/* One block of NIST SP 800-108 in counter mode is all that 128 bits need. */
static void
derive (const guint8 *key, gsize key_size, const char *label, const guint8 *context, gsize context_size, guint8 out[16])
{
  static const guint8 zero;
  struct hmac_sha256_ctx hmac;
  guint8 number[4], block[32];

  hmac_sha256_set_key (&hmac, key_size, key);
  va_psp_put_u32 (number, 1);
  hmac_sha256_update (&hmac, sizeof number, number);
  hmac_sha256_update (&hmac, strlen (label), (const guint8 *) label);
  hmac_sha256_update (&hmac, 1, &zero);
  if (context_size > 0)
    hmac_sha256_update (&hmac, context_size, context);
  va_psp_put_u32 (number, 128);
  hmac_sha256_update (&hmac, sizeof number, number);
  hmac_sha256_digest (&hmac, sizeof block, block);
  memcpy (out, block, 16);
  explicit_bzero (block, sizeof block);
  explicit_bzero (&hmac, sizeof hmac);
}

static gboolean
export_scalar (mpz_t number, guint8 out[VA_PLATFORM_KEY_SIZE])
{
  gsize size = (mpz_sizeinbase (number, 2) + 7) / 8;

  if (size > VA_PLATFORM_KEY_SIZE)
    return FALSE;
  memset (out, 0, VA_PLATFORM_KEY_SIZE);
  mpz_export (out + VA_PLATFORM_KEY_SIZE - size, NULL, 1, 1, 0, 0, number);
  return TRUE;
}

/* The x coordinate of our scalar times the point (x, y); FALSE: that is no point of the curve. */
static gboolean
multiply (const guint8 scalar[VA_PLATFORM_KEY_SIZE], mpz_t x, mpz_t y, guint8 out[VA_PLATFORM_KEY_SIZE])
{
  const struct ecc_curve *curve = nettle_get_secp_384r1 ();
  struct ecc_point theirs, shared;
  struct ecc_scalar ours;
  gboolean ok;
  mpz_t number;

  mpz_init (number);
  mpz_import (number, VA_PLATFORM_KEY_SIZE, 1, 1, 0, 0, scalar);
  ecc_point_init (&theirs, curve);
  ecc_point_init (&shared, curve);
  ecc_scalar_init (&ours, curve);
  ok = ecc_point_set (&theirs, x, y) && ecc_scalar_set (&ours, number);
  if (ok)
    {
      ecc_point_mul (&shared, &ours, &theirs);
      ecc_point_get (&shared, number, NULL);
      ok = export_scalar (number, out);
    }
  ecc_scalar_clear (&ours);
  ecc_point_clear (&shared);
  ecc_point_clear (&theirs);
  mpz_clear (number);
  return ok;
}

static gboolean
agree (const VaPlatform *platform, const guint8 *godh, guint8 out[VA_PLATFORM_KEY_SIZE])
{
  gboolean ok;
  mpz_t x, y;

  if (va_psp_get_u32 (godh) != 1 || va_psp_get_u32 (godh + AT_USAGE) != USAGE_PDH
      || va_psp_get_u32 (godh + AT_ALGO) != ALGO_ECDH_SHA256 || va_psp_get_u32 (godh + AT_CURVE) != CURVE_P384)
    return FALSE;
  mpz_init (x);
  mpz_init (y);
  mpz_import (x, 72, -1, 1, 0, 0, godh + AT_X);
  mpz_import (y, 72, -1, 1, 0, 0, godh + AT_Y);
  ok = multiply (platform->pdh_key, x, y, out);
  mpz_clear (y);
  mpz_clear (x);
  return ok;
}

int
va_session_keys_unwrap (VaSessionKeys *keys, const VaPlatform *platform, guint32 policy, const guint8 *godh,
                        const guint8 *session)
{
  const guint8 *nonce = session, *wrapped = session + 16, *iv = session + 48, *wrap_mac = session + 64;
  const guint8 *policy_mac = session + 96;
  guint8 shared[VA_PLATFORM_KEY_SIZE], master[16], kek[16], kik[16], both[32], mac[32], number[4];
  int result = VA_PSP_BAD_MEASUREMENT;

  if (!agree (platform, godh, shared))
    return VA_PSP_INVALID_CERTIFICATE;
  derive (shared, sizeof shared, "sev-master-secret", nonce, 16, master);
  derive (master, sizeof master, "sev-kek", NULL, 0, kek);
  derive (master, sizeof master, "sev-kik", NULL, 0, kik);
  va_psp_hmac (kik, sizeof kik, wrapped, 32, mac);
  if (memeql_sec (mac, wrap_mac, sizeof mac))
    {
      va_psp_ctr (kek, iv, wrapped, both, sizeof both);
      va_psp_put_u32 (number, policy);
      va_psp_hmac (both + 16, 16, number, sizeof number, mac);
      if (memeql_sec (mac, policy_mac, sizeof mac))
        result = VA_PSP_SUCCESS;
    }
  if (result == VA_PSP_SUCCESS)
    {
      memcpy (keys->tek, both, 16);
      memcpy (keys->tik, both + 16, 16);
    }
  explicit_bzero (shared, sizeof shared);
  explicit_bzero (master, sizeof master);
  explicit_bzero (kek, sizeof kek);
  explicit_bzero (kik, sizeof kik);
  explicit_bzero (both, sizeof both);
  return result;
}
