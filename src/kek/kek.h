/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "kek/seal.h"

/*
 * The key-encryption key, which wraps the store's data keys: 32 bytes in a file or in a credential of systemd, or a key
 * that never leaves a PKCS#11 token.
 *
 * A wrapped key begins with a byte that tells which kind of KEK made it:
 *
 *   1  file, credential: va_seal_close() under the 32 bytes
 *   2  AES-256 key in a token: nonce[12], then AES-256-GCM of the key with its tag[16]; the label is authenticated
 *   3  RSA key in a token: hash[1] (1: SHA-1, 2: SHA-256), then RSAES-OAEP of the key with that hash, then the same RSA
 *      key's signature (PKCS #1 v1.5, SHA-256) over all of this and the label. The signature is there because everybody
 *      who knows the public key can encrypt with it: without, who can write to the database could put a data key of his
 *      own into the store, and read what is sealed from then on.
 */
G_BEGIN_DECLS

typedef enum {
  VA_KEK_ERROR_SETTINGS, /* no source or several, a malformed URI, something missing that the token needs */
  VA_KEK_ERROR_TOKEN,    /* module or token is not there, or does not do what is asked */
  VA_KEK_ERROR_PIN,      /* the token did not take the PIN, or there is none, or it may not try: do not try again */
  VA_KEK_ERROR_KEY,      /* the token has no key that fits, several, or one that will not do */
} VaKekError;

#define VA_KEK_ERROR (va_kek_error_quark ())
GQuark va_kek_error_quark (void);

/** Where the key is: exactly one of @file, @credential and @token. */
typedef struct {
  const char *file;           /* absolute path of 32 raw bytes, 0600; or NULL */
  const char *credential;     /* name below $CREDENTIALS_DIRECTORY; or NULL */
  const char *token;          /* PKCS#11 URI (RFC 7512) of an AES-256 secret key or an RSA private key; or NULL */
  const char *token_pin_file; /* its PIN, one line, 0600 or a credential; NULL: the URI's pin-source, or no login */
  const char *token_module;   /* absolute path of the module; NULL: the URI's module-path, or p11-kit's modules */
} VaKekSettings;

/** VaKek: may be used from several threads. */
typedef struct _VaKek VaKek;

/**
 * va_kek_open: reads the key; for a token: loads the module, logs in, finds the key, and checks that it is one that
 * cannot be taken out and that the token can wrap with it.
 * Errors: VA_KEK_ERROR; VA_CORE_ERROR and VA_SEAL_ERROR_BROKEN (file, credential)
 */
VaKek *va_kek_open (const VaKekSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_kek_wrap: @data_key (VA_SEAL_KEY_SIZE bytes) in a form that opens with this KEK and @label only. What a token
 * wrapped was unwrapped again, and compared, before it is handed out.
 *
 * A token that lost the session (taken out, restarted) is logged in to once more, then it is an error; so with unwrap.
 * Returns: (transfer full)
 * Errors: VA_KEK_ERROR, of tokens only
 */
GBytes *va_kek_wrap (VaKek *kek, const VaSealLabel *label, VaSecret *data_key, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_kek_unwrap: the data key again.
 * @wrapped: as va_kek_wrap() gave it; %NULL, or anything else, is not a wrapped key
 * Errors: VA_SEAL_ERROR_BROKEN: wrapped by another kind of KEK (the message says which, and what to do), by another
 *   key, for another label, or changed; VA_KEK_ERROR, of tokens only: the token did not answer
 */
VaSecret *va_kek_unwrap (VaKek *kek, const VaSealLabel *label, GBytes *wrapped, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_kek_name: for messages: “file /etc/…”, “credential NAME”, “token “LABEL”, key “LABEL””. */
const char *va_kek_name (const VaKek *kek);
void va_kek_free (VaKek *kek);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaKek, va_kek_free)

G_END_DECLS
