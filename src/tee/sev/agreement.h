/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "tee/sev/certificate.h"

G_BEGIN_DECLS

/**
 * va_sev_agree: makes a fresh P-384 key, agrees with the holder of @peer, and forgets the key.
 * @own: (out): the fresh public key
 * Returns: (transfer full): the shared secret, the x coordinate of ECDH, VA_SEV_EC_SIZE bytes big-endian;
 *   or %NULL with @error set
 * Errors: VA_SEV_ERROR_KEY (@peer is not a point of the curve)
 * Spec: NIST SP 800-56A, 5.7.1.2; SEV.md section 1
 */
VaSecret *va_sev_agree (const VaSevPoint *peer, VaSevPoint *own, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
