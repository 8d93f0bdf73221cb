/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "platform/identity.h"

G_BEGIN_DECLS

/** TEK and TIK of one guest. */
typedef struct {
  guint8 tek[16];
  guint8 tik[16];
} VaSessionKeys;

/**
 * va_session_keys_unwrap: the PSP's side of the key exchange.
 * @godh: the owner's certificate, VA_PLATFORM_CERT_SIZE bytes
 * @session: 128 bytes
 * Returns: a firmware error: 0, VA_PSP_INVALID_CERTIFICATE (no P-384 ECDH key), VA_PSP_BAD_MEASUREMENT (a MAC is wrong)
 * Spec: AMD 55766, LAUNCH_START and appendix on the transport keys
 */
int va_session_keys_unwrap (VaSessionKeys *keys, const VaPlatform *platform, guint32 policy, const guint8 *godh,
                            const guint8 *session);
/** va_psp_hmac: HMAC-SHA256 of @size bytes under a key of @key_size bytes. */
void va_psp_hmac (const guint8 *key, gsize key_size, const guint8 *data, gsize size, guint8 out[32]);
/** va_psp_ctr: AES-128-CTR of @size bytes; @in and @out may be the same. */
void va_psp_ctr (const guint8 key[16], const guint8 iv[16], const guint8 *in, guint8 *out, gsize size);
/** va_psp_put_u32: @value little-endian. */
void va_psp_put_u32 (guint8 out[4], guint32 value);
guint32 va_psp_get_u32 (const guint8 in[4]);

G_END_DECLS
