/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>
#include "core/secret.h"

G_BEGIN_DECLS

/**
 * TLS between our own parts: 1.3 only, no resumption. In GnuTLS's syntax. Without the groups of finite fields: for a
 * hello with one of them, which costs its sender nothing, a server computes up to a quarter of a second.
 */
#define VA_TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-DH-ALL:%PROFILE_MEDIUM"

/** The files of one end, as PEM text. */
typedef struct {
  char *ca, *certificate;
  VaSecret *key; /* with a zero byte at the end */
} VaTlsFiles;
void va_tls_files_clear (VaTlsFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaTlsFiles, va_tls_files_clear)
/**
 * va_tls_files_load: reads and checks them: the key must be 0600 and belong to the certificate.
 * Errors: VA_CORE_ERROR, naming the file
 */
gboolean va_tls_files_load (VaTlsFiles *files, const char *ca_file, const char *certificate_file, const char *key_file,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_tls_files_load_each: the same, but each file by itself, so that none is left out because of another: @files has
 * those that are of the right kind, and %NULL for the others.
 * @problems: of GError: what is wrong with each, or with all together, is added
 */
void va_tls_files_load_each (VaTlsFiles *files, const char *ca_file, const char *certificate_file, const char *key_file,
                             GPtrArray *problems);
/** va_tls_files_credentials: for GnuTLS. Returns: (transfer full). Errors: VA_CORE_ERROR */
gnutls_certificate_credentials_t va_tls_files_credentials (const VaTlsFiles *files, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
