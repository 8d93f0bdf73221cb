/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/peer-chain.h"

G_BEGIN_DECLS

/** The CAs whose clients are let in, which may be others after a reload. From any thread. */
typedef struct _VaTrust VaTrust;
/** va_trust_new: @ca: PEM. Errors: VA_CORE_ERROR */
VaTrust *va_trust_new (const char *ca, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_trust_free (VaTrust *trust);
/** va_trust_set_ca: others from now on. Errors: VA_CORE_ERROR: they stay as they were */
gboolean va_trust_set_ca (VaTrust *trust, const char *ca, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_trust_generation: another number after each va_trust_set_ca(). */
guint va_trust_generation (VaTrust *trust);
/** va_trust_verifies: whether @chain is that of a TLS client of these CAs, now. */
gboolean va_trust_verifies (VaTrust *trust, const VaPeerChain *chain) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_trust_still_verifies: the same, where it was verified before, under the CAs of @generation, which becomes the
 * present one: computes nothing when they are the same.
 */
gboolean va_trust_still_verifies (VaTrust *trust, const VaPeerChain *chain, guint *generation)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
