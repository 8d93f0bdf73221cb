/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/identity.h"
#include "pki/peer-chain.h"

G_BEGIN_DECLS

/**
 * Certificates of the site's CA that are not to be taken any more: those of certificate revocation lists, and those
 * that a deny list names. Both files are looked at before each request, so a change counts at once. From any thread.
 */
typedef struct _VaRevocation VaRevocation;

/** What a peer is known by: whose certificates it showed, and what was found out about them. Of one connection. */
typedef struct {
  VaPeerChain chain;
  char fingerprint[65]; /* SHA-256 of its own certificate's DER form, lower-case hex */
  guint lists;          /* which revocation lists @revoked is by; 0: none yet */
  gboolean revoked;
} VaPeerCertificate;
/**
 * va_peer_certificate_read: fills it from @session, after its handshake. Returns: FALSE: there is no usable certificate
 */
gboolean va_peer_certificate_read (VaPeerCertificate *certificate, gnutls_session_t session) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_revocation_new:
 * @deny_file: see VaDenyList; or %NULL
 * @crl_file: see VaCrls; or %NULL
 * @ca: PEM text of the CA
 * Errors: VA_CORE_ERROR, naming the file. A bad line of the deny list is none: va_revocation_is_complete() tells
 */
VaRevocation *va_revocation_new (const char *deny_file, const char *crl_file, const char *ca, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_revocation_set_ca: another CA from now on, whose list is read again with the next request. @ca: PEM text. */
void va_revocation_set_ca (VaRevocation *revocation, const char *ca);
typedef enum {
  VA_PEER_ALLOWED,
  VA_PEER_DENIED,  /* its name or its certificate is in the deny list */
  VA_PEER_REVOKED, /* it, or a certificate of its chain, is in a revocation list */
} VaVerdictOnPeer;
/**
 * va_revocation_judge: whether a peer may still go on, and why not. A changed file
 * is read again first: in a deny list the good lines count; of a file that cannot be read, and of a revocation list
 * that cannot be understood, what was known before stays in force. The log names what is wrong.
 */
VaVerdictOnPeer va_revocation_judge (VaRevocation *revocation, const VaIdentity *identity,
                                     VaPeerCertificate *certificate);
/** va_revocation_is_complete: FALSE: something in the files does not count, as was found when they were read. */
gboolean va_revocation_is_complete (VaRevocation *revocation);
void va_revocation_free (VaRevocation *revocation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaRevocation, va_revocation_free)

G_END_DECLS
