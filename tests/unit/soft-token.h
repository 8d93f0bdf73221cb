/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define CRYPTOKI_GNU 1

#include <glib.h>
#include <p11-kit/p11-kit.h>

/* PKCS#11 tokens of SoftHSM, in a folder of the test's own. What goes wrong here ends the test. */

#define SOFT_TOKEN_PIN "4711-correct"

/** soft_token_module: the module's path; %NULL if SoftHSM is not installed. */
const char *soft_token_module (void);
/** soft_token_configure: every token is below @folder from now on; @more: further lines of softhsm2.conf, or "". */
void soft_token_configure (const char *folder, const char *more);
/** soft_token_make: a new token with SOFT_TOKEN_PIN. */
void soft_token_make (const char *label);

typedef struct {
  const char *label;
  guint bits; /* AES: 128, 256; RSA: 1024, 2048 */
  gboolean rsa, extractable, readable, no_encrypt, no_decrypt, no_sign, no_public, asks_each_time;
} SoftKey;

/** soft_token_add: a new key in the token; sensitive and not extractable unless said otherwise. */
void soft_token_add (const char *token, const SoftKey *key);
/** soft_token_import: an AES key whose bytes are known. */
void soft_token_import (const char *token, const char *label, const guint8 *bytes, gsize size);
/** soft_token_encrypt: RSA-OAEP with SHA-1 under the public key @label, which anybody can do. Returns: its size */
gsize soft_token_encrypt (const char *token, const char *label, const guint8 *data, gsize size, guint8 *out,
                          gsize room);
/** soft_token_drop_sessions: every session with the token that this process has is gone. */
void soft_token_drop_sessions (const char *token);
