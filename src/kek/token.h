/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define CRYPTOKI_GNU 1

#include <stddef.h> /* which p11-kit's header needs, and does not include */
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include "core/secret.h"
#include "kek/kek.h"

/* A KEK in a PKCS#11 token, behind kek.c. token.c finds token and key and keeps the session; token-login.c takes the
 * settings and the PIN; token-key.c says whether a key will do; token-wrap.c and token-rsa.c use it; error.c has what
 * all of them say when it fails. */
G_BEGIN_DECLS

#define VA_TOKEN_MODULUS_SIZE_MAX 2048 /* bytes: RSA of 16384 bits */

/** The first byte of a wrapped key; see kek.h. */
typedef enum {
  VA_WRAP_SEAL = 1,
  VA_WRAP_TOKEN_AES = 2,
  VA_WRAP_TOKEN_RSA = 3,
} VaWrapKind;

/** What stands while the token is open. */
typedef struct {
  struct ck_function_list **modules; /* as p11-kit loaded them, ended by %NULL; %NULL: the token is not open */
  struct ck_function_list *module;   /* borrowed from @modules */
  ck_slot_id_t slot;
  ck_session_handle_t session;
  ck_object_handle_t key;
} VaTokenSession;

typedef struct {
  GMutex mutex; /* a session serves one operation at a time */
  P11KitUri *uri;
  char *module_path; /* or %NULL: p11-kit's modules */
  char *pin_file;    /* or %NULL */
  char *name;        /* for messages */
  VaWrapKind kind;
  gsize modulus_size;      /* RSA */
  gboolean asks_each_time; /* CKA_ALWAYS_AUTHENTICATE */
  gboolean pin_refused;    /* it was wrong once: never again */
  VaTokenSession at;
} VaToken;

/** va_token_open: the part of va_kek_open() for a token. Errors: VA_KEK_ERROR. */
VaToken *va_token_open (const VaKekSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_token_name: how messages name the key. Returns: borrowed. */
const char *va_token_name (const VaToken *token);
/** va_token_kind: how its key wraps: AES or RSA. */
VaWrapKind va_token_kind (const VaToken *token);
void va_token_free (VaToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaToken, va_token_free)

/* What goes wrong, in error.c. */
/** va_token_is_lost: the session, or what was found by it, is gone; opening the token again may help. */
gboolean va_token_is_lost (ck_rv_t rv);
/** va_token_failed: sets @error to what the token answered to @what. Returns: FALSE */
gboolean va_token_failed (GError **error, const char *what, ck_rv_t rv);
/** va_token_refuse_key: sets VA_KEK_ERROR_KEY. Returns: FALSE */
gboolean va_token_refuse_key (GError **error, const char *message);
/** va_token_does_not_open: sets VA_SEAL_ERROR_BROKEN. Returns: FALSE */
gboolean va_token_does_not_open (GError **error, const char *message);
/** va_token_not_decrypted: the same for what C_Decrypt answered, unless the session is lost. Returns: FALSE */
gboolean va_token_not_decrypted (GError **error, ck_rv_t rv);

/**
 * VaTokenWork: something to do with an open token. Returns: FALSE with @error set, and @rv what the token answered
 * (CKR_OK if it was not the token that refused).
 */
typedef gboolean (*VaTokenWork) (VaToken *token, gpointer data, ck_rv_t *rv, GError **error);
/** va_token_run: does @work, alone; if the session turns out to be lost, opens the token and does it once more. */
gboolean va_token_run (VaToken *token, VaTokenWork work, gpointer data, GError **error);
/** va_token_take_settings: what the settings say besides the URI, and what the URI says besides token and key. */
gboolean va_token_take_settings (VaToken *token, const VaKekSettings *settings, GError **error);
/** va_token_login: @user: CKU_USER, or CKU_CONTEXT_SPECIFIC once an operation has begun, where the key asks for it. */
gboolean va_token_login (VaToken *token, ck_user_type_t user, ck_rv_t *rv, GError **error);

/** va_token_check_key: whether the key can do what wrapping needs. Sets kind, modulus_size, asks_each_time. */
gboolean va_token_check_key (VaToken *token, GError **error);
/** va_token_attribute: an attribute of the key, of at most *@size bytes; sets *@size. Returns: FALSE if it has none. */
gboolean va_token_attribute (VaToken *token, ck_attribute_type_t type, gpointer out, gsize *size);

/** One wrap or unwrap. */
typedef struct {
  const VaSealLabel *label;
  VaSecret *key;   /* in, or out */
  GBytes *wrapped; /* out, or in */
} VaTokenJob;

/**
 * va_token_wrap, va_token_unwrap: a data key under the key in the token. What is wrapped begins with a byte that says
 * how.
 * Returns: (transfer full). Errors: as va_kek_wrap() and va_kek_unwrap()
 */
GBytes *va_token_wrap (VaToken *token, const VaSealLabel *label, VaSecret *data_key, GError **error);
VaSecret *va_token_unwrap (VaToken *token, const VaSealLabel *label, GBytes *wrapped, GError **error);
/** va_token_wrap_rsa, va_token_unwrap_rsa: the same with an RSA key, within a session; @rv: what the module said. */
gboolean va_token_wrap_rsa (VaToken *token, VaTokenJob *job, ck_rv_t *rv, GError **error);
gboolean va_token_unwrap_rsa (VaToken *token, VaTokenJob *job, ck_rv_t *rv, GError **error);

G_END_DECLS
