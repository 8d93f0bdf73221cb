/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_SEV_CERT_SIZE 2084
#define VA_SEV_CERT_SIGNED_SIZE 1044 /* bytes 0 to 1043 are signed */
#define VA_SEV_EC_SIZE 48            /* one P-384 coordinate, big-endian */
#define VA_AMD_CERT_MAX 1600

typedef enum {
  VA_SEV_USAGE_ARK = 0x0000,
  VA_SEV_USAGE_ASK = 0x0013,
  VA_SEV_USAGE_INVALID = 0x1000,
  VA_SEV_USAGE_OCA = 0x1001,
  VA_SEV_USAGE_PEK = 0x1002,
  VA_SEV_USAGE_PDH = 0x1003,
  VA_SEV_USAGE_CEK = 0x1004,
} VaSevUsage;

typedef enum {
  VA_SEV_ALGO_INVALID = 0x000,
  VA_SEV_ALGO_RSA_SHA256 = 0x001,
  VA_SEV_ALGO_ECDSA_SHA256 = 0x002,
  VA_SEV_ALGO_ECDH_SHA256 = 0x003,
  VA_SEV_ALGO_RSA_SHA384 = 0x101,
  VA_SEV_ALGO_ECDSA_SHA384 = 0x102,
  VA_SEV_ALGO_ECDH_SHA384 = 0x103,
} VaSevAlgo;

/** One P-384 public key, coordinates big-endian. */
typedef struct {
  guint8 x[VA_SEV_EC_SIZE];
  guint8 y[VA_SEV_EC_SIZE];
} VaSevPoint;

typedef struct {
  guint32 usage; /* of the key that signed; VA_SEV_USAGE_INVALID: the slot is empty */
  guint32 algo;
  guint8 data[512]; /* as in the certificate */
} VaSevSignature;

/** An SEV certificate: PDH, PEK, OCA, CEK. Plain data; copy it freely. */
typedef struct {
  guint8 raw[VA_SEV_CERT_SIZE];
  guint8 api_major, api_minor;
  guint32 usage, algo;
  VaSevPoint key; /* on the curve: checked by the parser */
  VaSevSignature signature[2];
} VaSevCert;

/**
 * va_sev_cert_parse: @size must be exactly VA_SEV_CERT_SIZE; longer is an error too. Version 1, a P-384 key whose
 * point lies on the curve, coordinates' and reserved upper bytes zero.
 * Errors: VA_SEV_ERROR_FORMAT, VA_SEV_ERROR_KEY
 * Spec: docs/SEV.md section 2; AMD 55766, appendix C
 */
gboolean va_sev_cert_parse (VaSevCert *cert, gconstpointer data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_cert_build: an unsigned certificate (both slots marked invalid) for @key.
 * @out: VA_SEV_CERT_SIZE bytes
 */
void va_sev_cert_build (guint8 out[VA_SEV_CERT_SIZE], guint8 api_major, guint8 api_minor, VaSevUsage usage,
                        VaSevAlgo algo, const VaSevPoint *key);
/**
 * va_sev_cert_key_hash: SHA-256 over the public key as it stands in the certificate, bytes 16 to 1043. That of a CEK
 * tells one processor from every other.
 */
void va_sev_cert_key_hash (const VaSevCert *cert, guint8 out[32]);
/** va_sev_usage_name: "PDH", "PEK", ...; "unknown" for others. */
const char *va_sev_usage_name (guint32 usage);

/** An AMD root certificate (ARK, ASK): RSA-2048 (832 bytes) or RSA-4096 (1600 bytes). Numbers big-endian here. */
typedef struct {
  guint8 raw[VA_AMD_CERT_MAX];
  gsize size;
  guint8 key_id[16], certifying_id[16];
  guint32 usage;
  gsize modulus_size; /* bytes: 256 or 512 */
  guint8 exponent[512], modulus[512], signature[512];
} VaAmdCert;

/**
 * va_amd_cert_parse: Errors: VA_SEV_ERROR_FORMAT; the published Naples ARK that lacks its last 256 bytes gets a
 * sentence of its own. Spec: docs/SEV.md section 2
 */
gboolean va_amd_cert_parse (VaAmdCert *cert, gconstpointer data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_amd_cert_key_hash: SHA-256 over the whole public key: exponent size, modulus size (u32, as in the certificate),
 * exponent, modulus. Roots are recognised by it. */
void va_amd_cert_key_hash (const VaAmdCert *cert, guint8 out[32]);

G_END_DECLS
