/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/bundle.h"

G_BEGIN_DECLS

/** An ARK and its ASK. */
typedef struct {
  VaAmdCert ark, ask;
} VaSevRootPair;

/**
 * va_sev_bundle_read: the certificates in @path: a file in any form that va_sev_bundle_add() takes, or a directory with
 * pdh.cert, pek.cert, oca.cert, cek.cert, cert-chain, ark.cert, ask.cert, or with what sev-tool and sevctl call them.
 * Errors: those of va_file_read() and va_sev_bundle_add(); VA_CORE_ERROR_NOT_FOUND: none of them is in the directory
 */
gboolean va_sev_bundle_read (VaSevBundle *bundle, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_sev_root_pairs: adds what @folder has to @pairs, of VaSevRootPair: ark.cert with ask.cert, and the files that AMD
 * publishes, ask_ark_GENERATION.cert.
 * Errors: those of va_sev_bundle_read()
 */
gboolean va_sev_root_pairs (GArray *pairs, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sev_root_read: the first pair in @folder. Errors: also VA_CORE_ERROR_NOT_FOUND */
gboolean va_sev_root_read (VaSevRootPair *pair, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sev_root_folders: the paths of the folders in @folder, sorted by name; hidden ones are left out.
 * Returns: (transfer full): of char *
 * Errors: VA_CORE_ERROR_NOT_FOUND
 */
GPtrArray *va_sev_root_folders (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
