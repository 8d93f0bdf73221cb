/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <nettle/sha2.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/bytes.h"
#include "tee/sev/certificate.h"
#include "tee/sev/error.h"

#define HEAD_SIZE 64
#define AT_KEY_ID 4
#define AT_CERTIFYING_ID 20
#define AT_USAGE 36
#define AT_RESERVED 40
#define AT_EXP_BITS 56
#define AT_MODULUS_BITS 60

/* The ARK that AMD publishes for Naples ends before its signature. */
#define TRUNCATED_NAPLES_ARK 576

static gboolean
refuse_amd_certificate (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, "%s", message);
}

static gboolean
size_is_known (gsize size, GError **error)
{
  if (size == HEAD_SIZE + 3 * 256 || size == HEAD_SIZE + 3 * 512)
    return TRUE;
  if (size == TRUNCATED_NAPLES_ARK)
    return refuse_amd_certificate (error,
                                   _("this AMD root certificate has 576 of 832 bytes: its signature is missing, as in "
                                     "the Naples ARK that AMD publishes; use the complete one installed with "
                                     "this program"));
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("an AMD root certificate must have 832 bytes (RSA-2048) or 1600 (RSA-4096), but has %zu"), size);
  return FALSE;
}

/* All of AMD's keys have the exponent 65537, and a modulus as long as its field. */
static gboolean
key_is_usable (const VaAmdCert *cert)
{
  const guint8 *e = cert->exponent + cert->modulus_size - 3;

  return va_bytes_are_zero (cert->exponent, cert->modulus_size - 3) && e[0] == 1 && e[1] == 0 && e[2] == 1
         && (cert->modulus[0] & 0x80) != 0 && (cert->modulus[cert->modulus_size - 1] & 1) != 0;
}

gboolean
va_amd_cert_parse (VaAmdCert *cert, gconstpointer data, gsize size, GError **error)
{
  const guint8 *raw = cert->raw;

  memset (cert, 0, sizeof *cert);
  if (!size_is_known (size, error))
    return FALSE;
  memcpy (cert->raw, data, size);
  cert->size = size;
  cert->modulus_size = (size - HEAD_SIZE) / 3;
  if (va_get_le32 (raw) != 1)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("an AMD root certificate of version %u; expected 1"),
                   va_get_le32 (raw));
      return FALSE;
    }
  memcpy (cert->key_id, raw + AT_KEY_ID, sizeof cert->key_id);
  memcpy (cert->certifying_id, raw + AT_CERTIFYING_ID, sizeof cert->certifying_id);
  cert->usage = va_get_le32 (raw + AT_USAGE);
  if (cert->usage != VA_SEV_USAGE_ARK && cert->usage != VA_SEV_USAGE_ASK)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("an AMD root certificate is for usage 0x%x; expected that of an ARK (0x0) or ASK (0x13)"),
                   cert->usage);
      return FALSE;
    }
  if (!va_bytes_are_zero (raw + AT_RESERVED, AT_EXP_BITS - AT_RESERVED))
    return refuse_amd_certificate (error, _("an AMD root certificate's reserved bytes are not zero"));
  if (va_get_le32 (raw + AT_EXP_BITS) != cert->modulus_size * 8
      || va_get_le32 (raw + AT_MODULUS_BITS) != cert->modulus_size * 8)
    return refuse_amd_certificate (error, _("an AMD root certificate's key sizes do not fit its length"));
  va_bytes_reverse (cert->exponent, raw + HEAD_SIZE, cert->modulus_size);
  va_bytes_reverse (cert->modulus, raw + HEAD_SIZE + cert->modulus_size, cert->modulus_size);
  va_bytes_reverse (cert->signature, raw + HEAD_SIZE + 2 * cert->modulus_size, cert->modulus_size);
  if (!key_is_usable (cert))
    return refuse_amd_certificate (error,
                                   _("an AMD root certificate's key is not an RSA key with the exponent 65537 and a "
                                     "full modulus"));
  return TRUE;
}

void
va_amd_cert_key_hash (const VaAmdCert *cert, guint8 out[32])
{
  struct sha256_ctx context;

  sha256_init (&context);
  sha256_update (&context, HEAD_SIZE - AT_EXP_BITS + 2 * cert->modulus_size, cert->raw + AT_EXP_BITS);
  sha256_digest (&context, 32, out);
}
