/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "tee/sev/certificate.h"

G_BEGIN_DECLS

#define VA_SEV_SESSION_SIZE 128
#define VA_SEV_KEY_SIZE 16

/** What one launch needs; the keys are secret and used for this launch only. */
typedef struct {
  VaSecret *tik; /* VA_SEV_KEY_SIZE bytes */
  VaSecret *tek; /* VA_SEV_KEY_SIZE bytes */
  guint8 session[VA_SEV_SESSION_SIZE];
  guint8 godh_cert[VA_SEV_CERT_SIZE];
} VaSevSession;

/**
 * va_sev_session_new: a fresh GODH key, TIK, TEK, nonce and IV, wrapped for the platform that holds @pdh.
 * @pdh: already verified by va_sev_chain_verify()
 * @policy: SEV guest policy, all 32 bits
 * Returns: (transfer full): or %NULL with @error set
 * Errors: VA_SEV_ERROR_KEY
 * Spec: docs/SEV.md section 1; AMD 55766, LAUNCH_START
 */
VaSevSession *va_sev_session_new (const VaSevCert *pdh, guint32 policy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_sev_session_free (VaSevSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaSevSession, va_sev_session_free)

G_END_DECLS
