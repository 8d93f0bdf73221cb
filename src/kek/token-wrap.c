/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/seal.h"
#include "kek/token.h"

#include <string.h>
#include "core/i18n.h"
#include "core/random.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define AES_SIZE (1 + NONCE_SIZE + VA_SEAL_KEY_SIZE + TAG_SIZE)

/* AES: the label is what is authenticated besides. */
static gboolean
use_aes (VaToken *token, const VaSealLabel *label, guint8 *nonce, gboolean encrypt, guint8 *in, gsize in_size,
         guint8 *out, gsize out_size, ck_rv_t *rv, GError **error)
{
  struct ck_function_list *module = token->at.module;
  g_autoptr(GBytes) aad = va_seal_label_bytes (label);
  struct ck_gcm_params params = {
    nonce, NONCE_SIZE, NONCE_SIZE * 8, (guint8 *) g_bytes_get_data (aad, NULL), g_bytes_get_size (aad), TAG_SIZE * 8
  };
  struct ck_mechanism mechanism = { CKM_AES_GCM, &params, sizeof params };
  unsigned long got = out_size;

  *rv = encrypt ? module->C_EncryptInit (token->at.session, &mechanism, token->at.key)
                : module->C_DecryptInit (token->at.session, &mechanism, token->at.key);
  if (*rv != CKR_OK)
    return va_token_failed (error, encrypt ? "C_EncryptInit" : "C_DecryptInit", *rv);
  *rv = encrypt ? module->C_Encrypt (token->at.session, in, in_size, out, &got)
                : module->C_Decrypt (token->at.session, in, in_size, out, &got);
  if (*rv != CKR_OK)
    return encrypt ? va_token_failed (error, "C_Encrypt", *rv) : va_token_not_decrypted (error, *rv);
  if (got == (encrypt ? in_size + TAG_SIZE : in_size - TAG_SIZE))
    return TRUE;
  g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN, _("the token's CKM_AES_GCM returned %lu bytes for %zu"), got,
               in_size);
  return FALSE;
}

static gboolean
wrap_aes (VaToken *token, VaTokenJob *job, ck_rv_t *rv, GError **error)
{
  guint8 out[AES_SIZE] = { VA_WRAP_TOKEN_AES };

  /* Some tokens choose the nonce themselves and write it where ours is. */
  va_random_fill (out + 1, NONCE_SIZE);
  if (!use_aes (token, job->label, out + 1, TRUE, va_secret_data (job->key), VA_SEAL_KEY_SIZE, out + 1 + NONCE_SIZE,
                VA_SEAL_KEY_SIZE + TAG_SIZE, rv, error))
    return FALSE;
  job->wrapped = g_bytes_new (out, sizeof out);
  return TRUE;
}

static gboolean
unwrap_aes (VaToken *token, VaTokenJob *job, ck_rv_t *rv, GError **error)
{
  guint8 in[AES_SIZE];

  if (g_bytes_get_size (job->wrapped) != AES_SIZE)
    return va_token_does_not_open (error, _("it was truncated or extended"));
  memcpy (in, g_bytes_get_data (job->wrapped, NULL), AES_SIZE);
  job->key = va_secret_new (VA_SEAL_KEY_SIZE + TAG_SIZE);
  if (!use_aes (token, job->label, in + 1, FALSE, in + 1 + NONCE_SIZE, VA_SEAL_KEY_SIZE + TAG_SIZE,
                va_secret_data (job->key), VA_SEAL_KEY_SIZE + TAG_SIZE, rv, error))
    return FALSE;
  va_secret_truncate (job->key, VA_SEAL_KEY_SIZE);
  return TRUE;
}

static gboolean
unwrap_in_token (VaToken *token, gpointer data, ck_rv_t *rv, GError **error)
{
  VaTokenJob *job = data;

  g_clear_pointer (&job->key, va_secret_free);
  return token->kind == VA_WRAP_TOKEN_AES ? unwrap_aes (token, job, rv, error)
                                          : va_token_unwrap_rsa (token, job, rv, error);
}

/* What does not come out again would be lost: so it is tried before anybody relies on it. */
static gboolean
check_wrapped (VaToken *token, const VaTokenJob *made, ck_rv_t *rv, GError **error)
{
  VaTokenJob again = { .label = made->label, .wrapped = made->wrapped };
  gboolean opens = unwrap_in_token (token, &again, rv, error), ok = opens && va_secret_equal (again.key, made->key);

  if (opens && !ok)
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN,
                 _("the token unwrapped a different key than it had wrapped: do not use it"));
  va_secret_free (again.key);
  return ok;
}

static gboolean
wrap_in_token (VaToken *token, gpointer data, ck_rv_t *rv, GError **error)
{
  VaTokenJob *job = data;

  g_clear_pointer (&job->wrapped, g_bytes_unref);
  return (token->kind == VA_WRAP_TOKEN_AES ? wrap_aes (token, job, rv, error)
                                           : va_token_wrap_rsa (token, job, rv, error))
         && check_wrapped (token, job, rv, error);
}

GBytes *
va_token_wrap (VaToken *token, const VaSealLabel *label, VaSecret *data_key, GError **error)
{
  VaTokenJob job = { .label = label, .key = data_key };

  if (va_token_run (token, wrap_in_token, &job, error))
    return job.wrapped;
  g_clear_pointer (&job.wrapped, g_bytes_unref);
  return NULL;
}

VaSecret *
va_token_unwrap (VaToken *token, const VaSealLabel *label, GBytes *wrapped, GError **error)
{
  VaTokenJob job = { .label = label, .wrapped = wrapped };

  if (va_token_run (token, unwrap_in_token, &job, error))
    return job.key;
  va_secret_free (job.key);
  return NULL;
}
