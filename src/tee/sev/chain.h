/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/certificate.h"

G_BEGIN_DECLS

/** The roots that a verifier trusts, and AMD's ARK and ASK certificates that it knows. */
typedef struct _VaSevRoots VaSevRoots;

/** va_sev_roots_new: empty; va_sev_roots_add() fills it. */
VaSevRoots *va_sev_roots_new (void);
/**
 * va_sev_roots_add: learns one generation. The ARK's self-signature and the ASK's signature are verified here, once.
 * @name: for messages and records, e.g. "milan"
 * @trust: whether the ARK's key hash joins the trusted ones; without it the ARK is trusted only when its key hash is
 *   one of AMD's, which are in the program
 * Errors: VA_SEV_ERROR_FORMAT, _KEY, _SIGNATURE, _UNTRUSTED
 */
gboolean va_sev_roots_add (VaSevRoots *roots, const char *name, const VaAmdCert *ark, const VaAmdCert *ask,
                           gboolean trust, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sev_roots_count: number of generations that were added. */
guint va_sev_roots_count (const VaSevRoots *roots);
void va_sev_roots_free (VaSevRoots *roots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaSevRoots, va_sev_roots_free)

/** va_amd_ark_generation: "naples", "rome", "milan", "genoa", "turin", or %NULL when @key_hash is none of AMD's. */
const char *va_amd_ark_generation (const guint8 key_hash[32]);

typedef struct {
  VaSevCert pdh, pek, oca, cek;
} VaSevChain;

/**
 * va_sev_chain_parse: @pdh is one certificate; @cert_chain is PEK, OCA, CEK one behind the other, as QEMU and libvirt
 * give them: exactly 3 * VA_SEV_CERT_SIZE bytes. Usages are checked.
 */
gboolean va_sev_chain_parse (VaSevChain *chain, gconstpointer pdh, gsize pdh_size, gconstpointer cert_chain,
                             gsize cert_chain_size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_chain_verify: ARK, ASK, CEK, (CEK and OCA) PEK, PDH, and OCA by itself; every link or no verdict.
 * @generation: (out) (optional): the name of the roots it verified under, owned by @roots
 * Errors: VA_SEV_ERROR_SIGNATURE naming the link ("the CEK is not signed by the ASK of any known generation", ...)
 * Spec: docs/SEV.md section 2
 */
gboolean va_sev_chain_verify (const VaSevChain *chain, const VaSevRoots *roots, const char **generation, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_chain_verify_but_oca: the same, but for the OCA's signature on itself: for a caller who knows that
 * va_sev_chain_verify() has accepted a chain with this very OCA before, byte for byte.
 */
gboolean va_sev_chain_verify_but_oca (const VaSevChain *chain, const VaSevRoots *roots, const char **generation,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_sev_chain_verify_below_cek: whether every signature holds but the one on the CEK, which is not looked at. */
gboolean va_sev_chain_verify_below_cek (const VaSevChain *chain);

/** va_amd_verify_ark, va_amd_verify_ask, va_sev_verify_cek: links by name, for tools that show each. */
gboolean va_amd_verify_ark (const VaAmdCert *ark);
gboolean va_amd_verify_ask (const VaAmdCert *ark, const VaAmdCert *ask);
gboolean va_sev_verify_cek (const VaAmdCert *ask, const VaSevCert *cek);
/** va_sev_verify_ec: whether one of @cert's two slots is a valid signature by @signer, named with @signer's usage. */
gboolean va_sev_verify_ec (const VaSevCert *signer, const VaSevCert *cert);

G_END_DECLS
