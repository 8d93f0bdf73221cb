/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/rsa.h>
#include "platform/folder.h"

G_BEGIN_DECLS

/** An ARK or ASK key. */
typedef struct {
  struct rsa_public_key public;
  struct rsa_private_key private;
  VaPlatformGeneration generation;
} VaRootKey;

/** va_root_key_new: a fresh key; RSA-4096 takes seconds. */
VaRootKey *va_root_key_new (VaPlatformGeneration generation);
void va_root_key_free (VaRootKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaRootKey, va_root_key_free)
/**
 * va_root_certificate: an AMD root certificate of @key, signed by @signer.
 * @key_id, @signer_id: 16 bytes each
 * @out: 64 + 3 * va_platform_rsa_size() bytes
 */
void va_root_certificate (VaRootKey *key, VaRootKey *signer, const guint8 *key_id, const guint8 *signer_id,
                          guint32 usage, guint8 *out);
/** va_root_sign_cek: puts @ask's signature into the first slot of an SEV certificate, and empties the second. */
void va_root_sign_cek (VaRootKey *ask, guint8 cert[VA_PLATFORM_CERT_SIZE]);

/** A P-384 key of the platform. */
typedef struct {
  struct ecc_scalar private;
  struct ecc_point public;
} VaEcKey;

VaEcKey *va_ec_key_new (void);
void va_ec_key_free (VaEcKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaEcKey, va_ec_key_free)
/** va_ec_key_private: the scalar, big-endian. */
void va_ec_key_private (VaEcKey *key, guint8 out[VA_PLATFORM_KEY_SIZE]);
/** va_ec_certificate: an SEV certificate of @key with two empty slots. */
void va_ec_certificate (VaEcKey *key, const VaPlatform *platform, guint32 usage, guint32 algo,
                        guint8 cert[VA_PLATFORM_CERT_SIZE]);
/** va_ec_sign: puts @signer's signature into @slot, 0 or 1. */
void va_ec_sign (VaEcKey *signer, guint32 signer_usage, guint8 cert[VA_PLATFORM_CERT_SIZE], guint slot);

enum {
  VA_USAGE_ARK = 0x0000,
  VA_USAGE_ASK = 0x0013,
  VA_USAGE_NONE = 0x1000,
  VA_USAGE_OCA = 0x1001,
  VA_USAGE_PEK = 0x1002,
  VA_USAGE_PDH = 0x1003,
  VA_USAGE_CEK = 0x1004,
};
enum {
  VA_ALGO_RSA_SHA256 = 0x001,
  VA_ALGO_ECDSA_SHA256 = 0x002,
  VA_ALGO_ECDH_SHA256 = 0x003,
  VA_ALGO_RSA_SHA384 = 0x101
};

/** va_cert_signature: where @slot begins: usage, algorithm, then 512 bytes of signature. */
guint8 *va_cert_signature (guint8 cert[VA_PLATFORM_CERT_SIZE], guint slot);

G_END_DECLS
