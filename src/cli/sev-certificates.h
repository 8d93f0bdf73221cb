/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"
#include "sev/chain.h"

G_BEGIN_DECLS

/** An ARK and its ASK. */
typedef struct {
  VaAmdCert ark, ask;
} VaSevRootPair;

/**
 * va_sev_certificate_bytes: a certificate's file, raw or base64.
 * @max: most bytes of the certificate itself
 * Errors: those of va_file_read(); VA_CORE_ERROR_PARSE, naming the file
 */
GBytes *va_sev_certificate_bytes (const char *path, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_chain_read: pdh.cert and either pek.cert, oca.cert and cek.cert, or cert-chain, in @folder.
 * Errors: as above; VA_SEV_ERROR_FORMAT, VA_SEV_ERROR_KEY, naming the file
 */
gboolean va_sev_chain_read (VaSevChain *chain, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_chain_require: @chain must verify, as for “sev chain”.
 * @folder: where ark.cert and ask.cert may be, or %NULL
 * @roots: folder of roots to trust, or %NULL for the installed ones
 * Returns: VA_EXIT_YES, or what to end with: it has been said why
 */
VaExit va_sev_chain_require (const VaSevChain *chain, const char *folder, const char *roots);
/** va_sev_root_is_in: whether @folder has ark.cert and ask.cert. */
gboolean va_sev_root_is_in (const char *folder);
gboolean va_sev_root_read (VaSevRootPair *pair, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_roots_read: the pairs in @folder and in the folders in it, sorted by name.
 * Returns: (transfer full): of VaSevRootPair, maybe none
 * Errors: as above, and VA_CORE_ERROR_NOT_FOUND
 */
GArray *va_sev_roots_read (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
