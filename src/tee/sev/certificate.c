/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/certificate.h"

#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/bytes.h"
#include "tee/sev/digest.h"
#include "tee/sev/error.h"

#define CURVE_P384 2
#define EC_FIELD 72 /* bytes of a coordinate, r or s; the upper ones are zero for P-384 */

/* Where things are; AMD 55766, appendix C */
#define AT_API_MAJOR 4
#define AT_API_MINOR 5
#define AT_RESERVED 6
#define AT_USAGE 8
#define AT_ALGO 12
#define AT_CURVE 16
#define AT_X 20
#define AT_Y (AT_X + EC_FIELD)
#define AT_KEY_REST (AT_Y + EC_FIELD)
#define SLOT_SIZE 520

static gboolean
refuse_sev_certificate (GError **error, int code, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, code, "%s", message);
}

static gboolean
point_is_on_curve (const VaSevPoint *key)
{
  struct ecc_point point;
  gboolean good;
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  mpz_import (x, VA_SEV_EC_SIZE, 1, 1, 1, 0, key->x);
  mpz_import (y, VA_SEV_EC_SIZE, 1, 1, 1, 0, key->y);
  ecc_point_init (&point, nettle_get_secp_384r1 ());
  good = ecc_point_set (&point, x, y) == 1;
  ecc_point_clear (&point);
  mpz_clear (y);
  mpz_clear (x);
  return good;
}

static gboolean
parse_key (VaSevCert *cert, GError **error)
{
  const guint8 *raw = cert->raw;

  if (va_get_le32 (raw + AT_CURVE) != CURVE_P384)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY,
                   _("this %s certificate's key is on curve %u; expected %d (P-384)"), va_sev_usage_name (cert->usage),
                   va_get_le32 (raw + AT_CURVE), CURVE_P384);
      return FALSE;
    }
  if (!va_bytes_are_zero (raw + AT_X + VA_SEV_EC_SIZE, EC_FIELD - VA_SEV_EC_SIZE)
      || !va_bytes_are_zero (raw + AT_Y + VA_SEV_EC_SIZE, EC_FIELD - VA_SEV_EC_SIZE)
      || !va_bytes_are_zero (raw + AT_KEY_REST, VA_SEV_CERT_SIGNED_SIZE - AT_KEY_REST))
    return refuse_sev_certificate (error, VA_SEV_ERROR_FORMAT,
                                   _("an SEV certificate's key has bytes set that must be zero"));
  va_bytes_reverse (cert->key.x, raw + AT_X, VA_SEV_EC_SIZE);
  va_bytes_reverse (cert->key.y, raw + AT_Y, VA_SEV_EC_SIZE);
  if (point_is_on_curve (&cert->key))
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY, _("this %s certificate's key is not a point of the curve P-384"),
               va_sev_usage_name (cert->usage));
  return FALSE;
}

/* Bytes of the slot's data that a signature may use; the signature of an EC key is r, s of EC_FIELD bytes each. */
static gboolean
slot_fits (const VaSevSignature *signature)
{
  const guint8 *data = signature->data;

  switch (signature->algo)
    {
    case VA_SEV_ALGO_INVALID:
      return signature->usage == VA_SEV_USAGE_INVALID && va_bytes_are_zero (data, sizeof signature->data);
    case VA_SEV_ALGO_RSA_SHA256:
      return signature->usage == VA_SEV_USAGE_ASK && va_bytes_are_zero (data + 256, sizeof signature->data - 256);
    case VA_SEV_ALGO_RSA_SHA384:
      return signature->usage == VA_SEV_USAGE_ASK;
    case VA_SEV_ALGO_ECDSA_SHA256:
    case VA_SEV_ALGO_ECDSA_SHA384:
      return signature->usage >= VA_SEV_USAGE_OCA && signature->usage <= VA_SEV_USAGE_CEK
             && signature->usage != VA_SEV_USAGE_PDH
             && va_bytes_are_zero (data + VA_SEV_EC_SIZE, EC_FIELD - VA_SEV_EC_SIZE)
             && va_bytes_are_zero (data + EC_FIELD + VA_SEV_EC_SIZE,
                                   sizeof signature->data - EC_FIELD - VA_SEV_EC_SIZE);
    default:
      return FALSE;
    }
}

static gboolean
parse_slots (VaSevCert *cert, GError **error)
{
  for (guint i = 0; i < 2; i++)
    {
      const guint8 *slot = cert->raw + VA_SEV_CERT_SIGNED_SIZE + i * SLOT_SIZE;
      VaSevSignature *signature = &cert->signature[i];

      signature->usage = va_get_le32 (slot);
      signature->algo = va_get_le32 (slot + 4);
      memcpy (signature->data, slot + 8, sizeof signature->data);
      if (!slot_fits (signature))
        {
          g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                       _("this %s certificate's signature %u is malformed: usage 0x%x, algorithm 0x%x, or bytes set "
                         "that must be zero"),
                       va_sev_usage_name (cert->usage), i + 1, signature->usage, signature->algo);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
parse_kind (VaSevCert *cert, GError **error)
{
  gboolean good;

  cert->api_major = cert->raw[AT_API_MAJOR];
  cert->api_minor = cert->raw[AT_API_MINOR];
  cert->usage = va_get_le32 (cert->raw + AT_USAGE);
  cert->algo = va_get_le32 (cert->raw + AT_ALGO);
  if (cert->usage == VA_SEV_USAGE_PDH)
    good = cert->algo == VA_SEV_ALGO_ECDH_SHA256 || cert->algo == VA_SEV_ALGO_ECDH_SHA384;
  else if (cert->usage >= VA_SEV_USAGE_OCA && cert->usage <= VA_SEV_USAGE_CEK)
    good = cert->algo == VA_SEV_ALGO_ECDSA_SHA256 || cert->algo == VA_SEV_ALGO_ECDSA_SHA384;
  else
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("an SEV certificate is for usage 0x%x; expected that of a PDH, PEK, OCA or CEK"), cert->usage);
      return FALSE;
    }
  if (!good)
    g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("a %s certificate's key is for algorithm 0x%x"),
                 va_sev_usage_name (cert->usage), cert->algo);
  return good;
}

gboolean
va_sev_cert_parse (VaSevCert *cert, gconstpointer data, gsize size, GError **error)
{
  memset (cert, 0, sizeof *cert);
  if (size != VA_SEV_CERT_SIZE)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("an SEV certificate must have %d bytes, but has %zu"),
                   VA_SEV_CERT_SIZE, size);
      return FALSE;
    }
  memcpy (cert->raw, data, VA_SEV_CERT_SIZE);
  if (va_get_le32 (cert->raw) != 1)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("an SEV certificate of version %u; expected 1"),
                   va_get_le32 (cert->raw));
      return FALSE;
    }
  if (!va_bytes_are_zero (cert->raw + AT_RESERVED, AT_USAGE - AT_RESERVED))
    return refuse_sev_certificate (error, VA_SEV_ERROR_FORMAT, _("an SEV certificate's reserved bytes are not zero"));
  return parse_kind (cert, error) && parse_key (cert, error) && parse_slots (cert, error);
}

void
va_sev_cert_build (guint8 out[VA_SEV_CERT_SIZE], guint8 api_major, guint8 api_minor, VaSevUsage usage, VaSevAlgo algo,
                   const VaSevPoint *key)
{
  memset (out, 0, VA_SEV_CERT_SIZE);
  va_put_le32 (out, 1);
  out[AT_API_MAJOR] = api_major;
  out[AT_API_MINOR] = api_minor;
  va_put_le32 (out + AT_USAGE, usage);
  va_put_le32 (out + AT_ALGO, algo);
  va_put_le32 (out + AT_CURVE, CURVE_P384);
  va_bytes_reverse (out + AT_X, key->x, VA_SEV_EC_SIZE);
  va_bytes_reverse (out + AT_Y, key->y, VA_SEV_EC_SIZE);
  for (guint i = 0; i < 2; i++)
    va_put_le32 (out + VA_SEV_CERT_SIGNED_SIZE + i * SLOT_SIZE, VA_SEV_USAGE_INVALID);
}

void
va_sev_cert_key_hash (const VaSevCert *cert, guint8 out[32])
{
  va_sha256 (cert->raw + AT_CURVE, VA_SEV_CERT_SIGNED_SIZE - AT_CURVE, out);
}

const char *
va_sev_usage_name (guint32 usage)
{
  switch (usage)
    {
    case VA_SEV_USAGE_ARK:
      return "ARK";
    case VA_SEV_USAGE_ASK:
      return "ASK";
    case VA_SEV_USAGE_OCA:
      return "OCA";
    case VA_SEV_USAGE_PEK:
      return "PEK";
    case VA_SEV_USAGE_PDH:
      return "PDH";
    case VA_SEV_USAGE_CEK:
      return "CEK";
    default:
      return "unknown";
    }
}
