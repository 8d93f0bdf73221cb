/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/identity.h"

G_BEGIN_DECLS

/**
 * Certificates of the site's CA that are not to be taken any more: those of a certificate revocation list (RFC 5280),
 * and those that a deny list names. Both files are looked at before each request, so a change counts at once. From any
 * thread.
 */
typedef struct _VaRevocation VaRevocation;

/** What a certificate is known by; filled in the handshake. */
typedef struct {
  char serial[41];      /* lower-case hex, without leading zero bytes */
  char fingerprint[65]; /* SHA-256 of its DER form, lower-case hex */
} VaCertificateId;
gboolean va_certificate_id_read (VaCertificateId *id, gnutls_x509_crt_t certificate);

/**
 * va_revocation_new:
 * @deny_file: lines “ROLE:NAME” or “sha256:FINGERPRINT”, comments from “#”; or %NULL
 * @crl_file: PEM, one list or several, each signed by the CA; or %NULL
 * @ca: PEM text of the CA
 * Errors: VA_CORE_ERROR, naming the file and the line
 */
VaRevocation *va_revocation_new (const char *deny_file, const char *crl_file, const char *ca, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_revocation_set_ca: another CA from now on, whose list is read anew with the next request. @ca: PEM text. */
void va_revocation_set_ca (VaRevocation *revocation, const char *ca);
/**
 * va_revocation_allows: whether the certificate may still be used. A changed file that cannot be read or understood is
 * named in the log, and what was known before stays in force.
 */
gboolean va_revocation_allows (VaRevocation *revocation, const VaIdentity *identity, const VaCertificateId *id);
void va_revocation_free (VaRevocation *revocation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaRevocation, va_revocation_free)

G_END_DECLS
