/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/keys.h"

#include <nettle/ecdsa.h>
#include <nettle/sha2.h>
#include <string.h>
#include "core/random.h"
#include "platform/session-keys.h"

#define SIGNED_SIZE 1044
#define SLOT_SIZE 520
#define NUMBER_SIZE 72
#define CURVE_P384 2

static void
nettle_random_fill (void *unused, size_t size, uint8_t *out)
{
  va_random_fill (out, size);
}

VaEcKey *
va_ec_key_new (void)
{
  VaEcKey *key = g_new0 (VaEcKey, 1);

  ecc_scalar_init (&key->private, nettle_get_secp_384r1 ());
  ecc_point_init (&key->public, nettle_get_secp_384r1 ());
  ecdsa_generate_keypair (&key->public, &key->private, NULL, nettle_random_fill);
  return key;
}

void
va_ec_key_free (VaEcKey *key)
{
  if (key == NULL)
    return;
  ecc_point_clear (&key->public);
  ecc_scalar_clear (&key->private);
  g_free (key);
}

void
va_ec_key_private (VaEcKey *key, guint8 out[VA_PLATFORM_KEY_SIZE])
{
  gsize size;
  mpz_t number;

  mpz_init (number);
  ecc_scalar_get (&key->private, number);
  size = (mpz_sizeinbase (number, 2) + 7) / 8;
  memset (out, 0, VA_PLATFORM_KEY_SIZE);
  mpz_export (out + VA_PLATFORM_KEY_SIZE - size, NULL, 1, 1, 0, 0, number);
  mpz_clear (number);
}

guint8 *
va_cert_signature (guint8 cert[VA_PLATFORM_CERT_SIZE], guint slot)
{
  return cert + SIGNED_SIZE + slot * SLOT_SIZE;
}

void
va_ec_certificate (VaEcKey *key, const VaPlatform *platform, guint32 usage, guint32 algo,
                   guint8 cert[VA_PLATFORM_CERT_SIZE])
{
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  ecc_point_get (&key->public, x, y);
  memset (cert, 0, VA_PLATFORM_CERT_SIZE);
  va_psp_put_u32 (cert, 1);
  cert[4] = platform->api_major;
  cert[5] = platform->api_minor;
  va_psp_put_u32 (cert + 8, usage);
  va_psp_put_u32 (cert + 12, algo);
  va_psp_put_u32 (cert + 16, CURVE_P384);
  mpz_export (cert + 20, NULL, -1, 1, 0, 0, x);
  mpz_export (cert + 20 + NUMBER_SIZE, NULL, -1, 1, 0, 0, y);
  va_psp_put_u32 (va_cert_signature (cert, 0), VA_USAGE_NONE);
  va_psp_put_u32 (va_cert_signature (cert, 1), VA_USAGE_NONE);
  mpz_clear (y);
  mpz_clear (x);
}

void
va_ec_sign (VaEcKey *signer, guint32 signer_usage, guint8 cert[VA_PLATFORM_CERT_SIZE], guint slot)
{
  guint8 *out = va_cert_signature (cert, slot);
  struct dsa_signature signature;
  struct sha256_ctx sha;
  guint8 digest[32];

  sha256_init (&sha);
  sha256_update (&sha, SIGNED_SIZE, cert);
  sha256_digest (&sha, sizeof digest, digest);
  dsa_signature_init (&signature);
  ecdsa_sign (&signer->private, NULL, nettle_random_fill, sizeof digest, digest, &signature);
  memset (out, 0, SLOT_SIZE);
  va_psp_put_u32 (out, signer_usage);
  va_psp_put_u32 (out + 4, VA_ALGO_ECDSA_SHA256);
  mpz_export (out + 8, NULL, -1, 1, 0, 0, signature.r);
  mpz_export (out + 8 + NUMBER_SIZE, NULL, -1, 1, 0, 0, signature.s);
  dsa_signature_clear (&signature);
}
