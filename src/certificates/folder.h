/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

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
/** va_sev_root_is_in: whether @folder has ark.cert and ask.cert. */
gboolean va_sev_root_is_in (const char *folder);
gboolean va_sev_root_read (VaSevRootPair *pair, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_root_folders: the paths of the folders in @folder, sorted by name; hidden ones are left out.
 * Returns: (transfer full): of char *
 * Errors: VA_CORE_ERROR_NOT_FOUND
 */
GPtrArray *va_sev_root_folders (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
