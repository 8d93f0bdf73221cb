/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <nettle/rsa.h>
#include <nettle/sha2.h>
#include "core/secret.h"
#include "tee/sev/chain.h"

#define EC_FIELD 72 /* bytes of r and of s in a certificate, little-endian */

static void
digest_sha256 (const guint8 *data, gsize size, guint8 out[32])
{
  struct sha256_ctx context;

  sha256_init (&context);
  sha256_update (&context, size, data);
  sha256_digest (&context, 32, out);
}

static void
digest_sha384 (const guint8 *data, gsize size, guint8 out[48])
{
  struct sha384_ctx context;

  sha384_init (&context);
  sha384_update (&context, size, data);
  sha384_digest (&context, 48, out);
}

/* RSA-PSS with a salt as long as the hash, which goes with the key: SHA-256 for RSA-2048, SHA-384 for RSA-4096. */
static gboolean
verify_rsa (const VaAmdCert *signer, const guint8 *data, gsize size, const guint8 *signature, int order)
{
  gboolean good = FALSE;
  guint8 digest[48];
  struct rsa_public_key key;
  mpz_t number;

  rsa_public_key_init (&key);
  mpz_init (number);
  mpz_import (key.n, signer->modulus_size, 1, 1, 1, 0, signer->modulus);
  mpz_import (key.e, signer->modulus_size, 1, 1, 1, 0, signer->exponent);
  mpz_import (number, signer->modulus_size, order, 1, 1, 0, signature);
  if (rsa_public_key_prepare (&key) && key.size == signer->modulus_size)
    {
      if (signer->modulus_size == 256)
        {
          digest_sha256 (data, size, digest);
          good = rsa_pss_sha256_verify_digest (&key, 32, digest, number) == 1;
        }
      else
        {
          digest_sha384 (data, size, digest);
          good = rsa_pss_sha384_verify_digest (&key, 48, digest, number) == 1;
        }
    }
  mpz_clear (number);
  rsa_public_key_clear (&key);
  return good;
}

static gboolean
verify_amd (const VaAmdCert *signer, const VaAmdCert *cert)
{
  return verify_rsa (signer, cert->raw, cert->size - cert->modulus_size, cert->signature, 1);
}

gboolean
va_amd_verify_ark (const VaAmdCert *ark)
{
  return ark->usage == VA_SEV_USAGE_ARK && va_bytes_equal (ark->certifying_id, ark->key_id, sizeof ark->key_id)
         && verify_amd (ark, ark);
}

gboolean
va_amd_verify_ask (const VaAmdCert *ark, const VaAmdCert *ask)
{
  return ark->usage == VA_SEV_USAGE_ARK && ask->usage == VA_SEV_USAGE_ASK
         && va_bytes_equal (ask->certifying_id, ark->key_id, sizeof ark->key_id) && ask->size == ark->size
         && verify_amd (ark, ask);
}

gboolean
va_sev_verify_cek (const VaAmdCert *ask, const VaSevCert *cek)
{
  guint32 algo = ask->modulus_size == 256 ? VA_SEV_ALGO_RSA_SHA256 : VA_SEV_ALGO_RSA_SHA384;

  if (ask->usage != VA_SEV_USAGE_ASK || cek->usage != VA_SEV_USAGE_CEK)
    return FALSE;
  for (guint i = 0; i < 2; i++)
    {
      const VaSevSignature *signature = &cek->signature[i];

      if (signature->usage == VA_SEV_USAGE_ASK && signature->algo == algo
          && verify_rsa (ask, cek->raw, VA_SEV_CERT_SIGNED_SIZE, signature->data, -1))
        return TRUE;
    }
  return FALSE;
}

static gboolean
verify_ecdsa (const VaSevPoint *signer, const guint8 *digest, gsize size, const guint8 *data)
{
  gboolean good = FALSE;
  struct dsa_signature signature;
  struct ecc_point point;
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  dsa_signature_init (&signature);
  ecc_point_init (&point, nettle_get_secp_384r1 ());
  mpz_import (x, VA_SEV_EC_SIZE, 1, 1, 1, 0, signer->x);
  mpz_import (y, VA_SEV_EC_SIZE, 1, 1, 1, 0, signer->y);
  mpz_import (signature.r, EC_FIELD, -1, 1, -1, 0, data);
  mpz_import (signature.s, EC_FIELD, -1, 1, -1, 0, data + EC_FIELD);
  if (ecc_point_set (&point, x, y) == 1)
    good = ecdsa_verify (&point, size, digest, &signature) == 1;
  ecc_point_clear (&point);
  dsa_signature_clear (&signature);
  mpz_clear (y);
  mpz_clear (x);
  return good;
}

static gboolean
verify_slot (const VaSevCert *signer, const VaSevCert *cert, const VaSevSignature *signature)
{
  guint8 digest[48];

  if (signature->usage != signer->usage || signature->algo != signer->algo)
    return FALSE;
  if (signature->algo == VA_SEV_ALGO_ECDSA_SHA256)
    {
      digest_sha256 (cert->raw, VA_SEV_CERT_SIGNED_SIZE, digest);
      return verify_ecdsa (&signer->key, digest, 32, signature->data);
    }
  if (signature->algo == VA_SEV_ALGO_ECDSA_SHA384)
    {
      digest_sha384 (cert->raw, VA_SEV_CERT_SIGNED_SIZE, digest);
      return verify_ecdsa (&signer->key, digest, 48, signature->data);
    }
  return FALSE;
}

gboolean
va_sev_verify_ec (const VaSevCert *signer, const VaSevCert *cert)
{
  return verify_slot (signer, cert, &cert->signature[0]) || verify_slot (signer, cert, &cert->signature[1]);
}
