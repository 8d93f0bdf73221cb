/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/chain.h"
#include "core/secret.h"

/*
 * A checkpoint: the service's signature, with the key of its TLS certificate, over "so far went the chain at this
 * time". What is signed is the text "virt-attest audit checkpoint 1\nSEQ\nLINK\nTIME\n", numbers in decimal, LINK in
 * hex.
 */
G_BEGIN_DECLS

typedef struct {
  guint64 seq;                     /* of the last record that it covers; 0: of none */
  guint8 link[VA_AUDIT_LINK_SIZE]; /* behind that record */
  gint64 time;                     /* milliseconds since 1970 UTC */
  char *certificate;               /* PEM: the service's, then those between it and the CA */
  GBytes *signature;               /* as the certificate's key makes it: ECDSA or RSA with SHA-256, or EdDSA */
} VaCheckpoint;
void va_checkpoint_free (VaCheckpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaCheckpoint, va_checkpoint_free)
/** va_checkpoint_write: as a JSON object. Returns: (transfer full). */
JsonObject *va_checkpoint_write (const VaCheckpoint *checkpoint);
/** va_checkpoint_read: what va_checkpoint_write() made. Errors: VA_CORE_ERROR, naming the member */
VaCheckpoint *va_checkpoint_read (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** VaSigner: the service's certificate and its private key. May be used from several threads. */
typedef struct _VaSigner VaSigner;
/**
 * va_signer_new: @certificate, @key: PEM; the key with a zero byte at its end.
 * Errors: VA_CORE_ERROR (no key that can sign)
 */
VaSigner *va_signer_new (const char *certificate, VaSecret *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_signer_renew: signs with another key from now on; with an error, as before. Parameters and errors as for _new().
 */
gboolean va_signer_renew (VaSigner *signer, const char *certificate, VaSecret *key, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
void va_signer_free (VaSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaSigner, va_signer_free)
/** va_signer_sign: a checkpoint at @seq. Errors: VA_CORE_ERROR */
VaCheckpoint *va_signer_sign (VaSigner *signer, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE], gint64 time,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_signer_made: whether @checkpoint has this signer's own signature, made with the key that it has now. */
gboolean va_signer_made (VaSigner *signer, const VaCheckpoint *checkpoint);

/** VaVerifier: whose signatures count: those of servers' certificates of one CA. Of one thread. */
typedef struct _VaVerifier VaVerifier;
/**
 * va_verifier_new: @ca: PEM
 * @signer: (nullable): DNS name or numeric IP address that the certificate must be for, as that of a TLS server;
 * %NULL: any
 * Errors: VA_CORE_ERROR
 */
VaVerifier *va_verifier_new (const char *ca, const char *signer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_verifier_found: whose certificate the first good signature was made with; %NULL: there was none yet. */
const char *va_verifier_found (const VaVerifier *verifier);
void va_verifier_free (VaVerifier *verifier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaVerifier, va_verifier_free)
/**
 * va_verifier_check: that @checkpoint was signed with the key of a certificate for servers that the CA made for the
 * signer, and that was valid at the checkpoint's time.
 * Errors: VA_CORE_ERROR, saying which of it does not hold
 */
gboolean va_verifier_check (VaVerifier *verifier, const VaCheckpoint *checkpoint, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
