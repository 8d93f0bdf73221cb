/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/keys.h"

#include <nettle/sha2.h>
#include <string.h>
#include "core/random.h"
#include "platform/session-keys.h"

#define HEADER_SIZE 64
#define SIGNED_SIZE 1044
#define AT_ID 4
#define AT_SIGNER_ID 20
#define AT_USAGE 36
#define AT_BITS 56

static void
nettle_random_fill (void *unused, size_t size, uint8_t *out)
{
  va_random_fill (out, size);
}

VaRootKey *
va_root_key_new (VaPlatformGeneration generation)
{
  VaRootKey *key = g_new0 (VaRootKey, 1);

  key->generation = generation;
  rsa_public_key_init (&key->public);
  rsa_private_key_init (&key->private);
  mpz_set_ui (key->public.e, 65537);
  if (!rsa_generate_keypair (&key->public, &key->private, NULL, nettle_random_fill, NULL, NULL,
                             (unsigned) va_platform_rsa_size (generation) * 8, 0))
    g_error ("no RSA key could be made");
  return key;
}

void
va_root_key_free (VaRootKey *key)
{
  if (key == NULL)
    return;
  rsa_private_key_clear (&key->private);
  rsa_public_key_clear (&key->public);
  g_free (key);
}

static void
put_number (guint8 *out, gsize size, const mpz_t number)
{
  memset (out, 0, size);
  mpz_export (out, NULL, -1, 1, 0, 0, number);
}

/* RSA-PSS, with a salt as long as the hash, as AMD signs. */
static void
sign (VaRootKey *key, const guint8 *data, gsize size, guint8 *out)
{
  guint8 digest[48], salt[48];
  int ok;
  mpz_t signature;

  mpz_init (signature);
  va_random_fill (salt, sizeof salt);
  if (key->generation == VA_PLATFORM_MILAN)
    {
      struct sha384_ctx sha;

      sha384_init (&sha);
      sha384_update (&sha, size, data);
      sha384_digest (&sha, 48, digest);
      ok = rsa_pss_sha384_sign_digest_tr (&key->public, &key->private, NULL, nettle_random_fill, 48, salt, digest,
                                          signature);
    }
  else
    {
      struct sha256_ctx sha;

      sha256_init (&sha);
      sha256_update (&sha, size, data);
      sha256_digest (&sha, 32, digest);
      ok = rsa_pss_sha256_sign_digest_tr (&key->public, &key->private, NULL, nettle_random_fill, 32, salt, digest,
                                          signature);
    }
  if (!ok)
    g_error ("no RSA signature could be made");
  put_number (out, va_platform_rsa_size (key->generation), signature);
  mpz_clear (signature);
}

void
va_root_certificate (VaRootKey *key, VaRootKey *signer, const guint8 *key_id, const guint8 *signer_id, guint32 usage,
                     guint8 *out)
{
  gsize size = va_platform_rsa_size (key->generation);

  memset (out, 0, HEADER_SIZE);
  va_psp_put_u32 (out, 1);
  memcpy (out + AT_ID, key_id, 16);
  memcpy (out + AT_SIGNER_ID, signer_id, 16);
  va_psp_put_u32 (out + AT_USAGE, usage);
  va_psp_put_u32 (out + AT_BITS, (guint32) size * 8);
  va_psp_put_u32 (out + AT_BITS + 4, (guint32) size * 8);
  put_number (out + HEADER_SIZE, size, key->public.e);
  put_number (out + HEADER_SIZE + size, size, key->public.n);
  sign (signer, out, HEADER_SIZE + 2 * size, out + HEADER_SIZE + 2 * size);
}

void
va_root_sign_cek (VaRootKey *ask, guint8 cert[VA_PLATFORM_CERT_SIZE])
{
  guint8 *slot = va_cert_signature (cert, 0);

  memset (slot + 8, 0, 512);
  va_psp_put_u32 (slot, VA_USAGE_ASK);
  va_psp_put_u32 (slot + 4, ask->generation == VA_PLATFORM_MILAN ? VA_ALGO_RSA_SHA384 : VA_ALGO_RSA_SHA256);
  sign (ask, cert, SIGNED_SIZE, slot + 8);
}
