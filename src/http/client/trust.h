/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** Whom a client believes and what it shows: read once, shared by calls, never changed. */
typedef struct {
  gatomicrefcount references;
  GTlsDatabase *authorities;
  GTlsCertificate *certificate; /* one's own; %NULL: a public server is asked */
  char *certificate_file;       /* %NULL for a public server */
  char *ca_file;                /* %NULL: the system's CAs */
  gint64 begins, ends;          /* of the own certificate, seconds since 1970 */
} VaClientTrust;

/**
 * va_client_trust_load: for a service of ours; the files are PEM, the key must be 0600.
 * Errors: VA_CORE_ERROR naming the file
 */
VaClientTrust *va_client_trust_load (const char *ca_file, const char *certificate_file, const char *key_file,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_trust_public: for a public server.
 * @ca_file: PEM, or %NULL for the system's CAs
 * Errors: VA_CORE_ERROR
 */
VaClientTrust *va_client_trust_public (const char *ca_file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_trust_lacks: what keeps the own certificate from being one of a role; for a service of ours.
 * Returns: (transfer full): a sentence without its end, or %NULL
 */
char *va_client_trust_lacks (const VaClientTrust *trust);
/** va_client_trust_ref: one more reference. Returns: @trust. */
VaClientTrust *va_client_trust_ref (VaClientTrust *trust);
/** va_client_trust_unref: gives one back; the last one frees it. */
void va_client_trust_unref (VaClientTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaClientTrust, va_client_trust_unref)

G_END_DECLS
