/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/token.h"

#include "core/i18n.h"

#define HEAD_SIZE 2 /* kind, hash */
#define EXPONENT_SIZE_MAX 64

/* The OAEP hashes, by the byte in a wrapped key; the better one first. */
static const struct {
  guint8 byte;
  ck_mechanism_type_t hash;
  ck_rsa_pkcs_mgf_type_t mgf;
} hashes[] = { { 2, CKM_SHA256, CKG_MGF1_SHA256 }, { 1, CKM_SHA_1, CKG_MGF1_SHA1 } };

/* What is signed: all that comes before the signature, and the label. */
static gboolean
sign_data (VaToken *token, const VaTokenJob *job, const guint8 *data, gsize size, guint8 *signature, ck_rv_t *rv,
           GError **error)
{
  struct ck_function_list *module = token->at.module;
  struct ck_mechanism mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
  g_autoptr(GBytes) label = va_seal_label_bytes (job->label);
  g_autoptr(GByteArray) text = g_byte_array_new ();
  unsigned long got = token->modulus_size;

  g_byte_array_append (text, data, (guint) size);
  g_byte_array_append (text, g_bytes_get_data (label, NULL), (guint) g_bytes_get_size (label));
  *rv = module->C_SignInit (token->at.session, &mechanism, token->at.key);
  if (*rv != CKR_OK)
    return va_token_failed (error, "C_SignInit", *rv);
  if (token->asks_each_time && !va_token_login (token, CKU_CONTEXT_SPECIFIC, rv, error))
    return FALSE;
  *rv = module->C_Sign (token->at.session, text->data, text->len, signature, &got);
  if (*rv != CKR_OK)
    return va_token_failed (error, "C_Sign", *rv);
  return got == token->modulus_size
         || va_token_refuse_key (error, _("the RSA key's signature is not as long as the key"));
}

/* The public key that belongs to the private one: the token's own, found by its modulus, or one for this session. */
static gboolean
find_public_key (VaToken *token, ck_object_handle_t *key, ck_rv_t *rv, GError **error)
{
  struct ck_function_list *module = token->at.module;
  guint8 modulus[VA_TOKEN_MODULUS_SIZE_MAX], exponent[EXPONENT_SIZE_MAX], yes = 1, no = 0;
  gsize modulus_size = sizeof modulus, exponent_size = sizeof exponent;
  ck_object_class_t class = CKO_PUBLIC_KEY;
  ck_key_type_t type = CKK_RSA;
  gboolean known = va_token_attribute (token, CKA_MODULUS, modulus, &modulus_size)
                   && va_token_attribute (token, CKA_PUBLIC_EXPONENT, exponent, &exponent_size);
  struct ck_attribute template[] = {
    { CKA_CLASS, &class, sizeof class },
    { CKA_KEY_TYPE, &type, sizeof type },
    { CKA_ENCRYPT, &yes, sizeof yes },
    { CKA_MODULUS, modulus, modulus_size },
    { CKA_PUBLIC_EXPONENT, exponent, exponent_size },
    { CKA_TOKEN, &no, sizeof no },
  };
  unsigned long n = 0;

  *rv = module->C_FindObjectsInit (token->at.session, template, 4);
  if (*rv != CKR_OK)
    return va_token_failed (error, "C_FindObjectsInit", *rv);
  *rv = module->C_FindObjects (token->at.session, key, 1, &n);
  module->C_FindObjectsFinal (token->at.session);
  if (*rv != CKR_OK)
    return va_token_failed (error, "C_FindObjects", *rv);
  if (n == 1)
    return TRUE;
  if (!known)
    return va_token_refuse_key (error,
                                _("the token has no public key for the RSA key and does not report its exponent"));
  *rv = module->C_CreateObject (token->at.session, template, G_N_ELEMENTS (template), key);
  return *rv == CKR_OK || va_token_failed (error, "C_CreateObject", *rv);
}

static struct ck_rsa_pkcs_oaep_params
oaep_params (guint i)
{
  return (struct ck_rsa_pkcs_oaep_params){ hashes[i].hash, hashes[i].mgf, CKZ_DATA_SPECIFIED, NULL, 0 };
}

/* With the first hash that the token takes. */
static gboolean
encrypt_rsa (VaToken *token, const VaTokenJob *job, guint8 *out, ck_rv_t *rv, GError **error)
{
  struct ck_function_list *module = token->at.module;
  unsigned long got = token->modulus_size;
  ck_object_handle_t public_key;

  if (!find_public_key (token, &public_key, rv, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    {
      struct ck_rsa_pkcs_oaep_params params = oaep_params (i);
      struct ck_mechanism mechanism = { CKM_RSA_PKCS_OAEP, &params, sizeof params };

      out[1] = hashes[i].byte;
      got = token->modulus_size;
      *rv = module->C_EncryptInit (token->at.session, &mechanism, public_key);
      if (*rv == CKR_OK)
        *rv = module->C_Encrypt (token->at.session, va_secret_data (job->key), VA_SEAL_KEY_SIZE, out + HEAD_SIZE, &got);
      if (*rv == CKR_OK || va_token_is_lost (*rv))
        break;
    }
  if (*rv != CKR_OK)
    return va_token_failed (error, "C_Encrypt", *rv);
  return got == token->modulus_size
         || va_token_refuse_key (error, _("the RSA key's ciphertext is not as long as the key"));
}

gboolean
va_token_wrap_rsa (VaToken *token, VaTokenJob *job, ck_rv_t *rv, GError **error)
{
  gsize head = HEAD_SIZE + token->modulus_size, size = head + token->modulus_size;
  g_autofree guint8 *out = g_malloc0 (size);

  out[0] = VA_WRAP_TOKEN_RSA;
  if (!encrypt_rsa (token, job, out, rv, error) || !sign_data (token, job, out, head, out + head, rv, error))
    return FALSE;
  job->wrapped = g_bytes_new (out, size);
  return TRUE;
}

static gboolean
decrypt_rsa (VaToken *token, VaTokenJob *job, const guint8 *in, ck_rv_t *rv, GError **error)
{
  struct ck_function_list *module = token->at.module;
  struct ck_rsa_pkcs_oaep_params params;
  struct ck_mechanism mechanism = { CKM_RSA_PKCS_OAEP, &params, sizeof params };
  unsigned long got = token->modulus_size;
  guint i = 0;

  while (i < G_N_ELEMENTS (hashes) && hashes[i].byte != in[1])
    i++;
  if (i == G_N_ELEMENTS (hashes))
    return va_token_does_not_open (error, _("it was wrapped by a later version, with a different hash"));
  params = oaep_params (i);
  job->key = va_secret_new (token->modulus_size);
  *rv = module->C_DecryptInit (token->at.session, &mechanism, token->at.key);
  if (*rv != CKR_OK)
    return va_token_failed (error, "C_DecryptInit", *rv);
  if (token->asks_each_time && !va_token_login (token, CKU_CONTEXT_SPECIFIC, rv, error))
    return FALSE;
  *rv = module->C_Decrypt (token->at.session, (guint8 *) in + HEAD_SIZE, token->modulus_size, va_secret_data (job->key),
                           &got);
  if (*rv != CKR_OK)
    return va_token_not_decrypted (error, *rv);
  va_secret_truncate (job->key, MIN (got, token->modulus_size));
  return TRUE;
}

/* PKCS #1 v1.5 signs the same thing in the same way each time, so signing again is how to check. */
gboolean
va_token_unwrap_rsa (VaToken *token, VaTokenJob *job, ck_rv_t *rv, GError **error)
{
  gsize head = HEAD_SIZE + token->modulus_size, size;
  const guint8 *in = g_bytes_get_data (job->wrapped, &size);
  g_autofree guint8 *signature = g_malloc0 (token->modulus_size);

  if (size != head + token->modulus_size)
    return va_token_does_not_open (error, _("it was wrapped by an RSA key of a different size, or was truncated"));
  if (!sign_data (token, job, in, head, signature, rv, error))
    return FALSE;
  if (!va_bytes_equal (signature, in + head, token->modulus_size))
    return va_token_does_not_open (error, _("the RSA key's signature does not match: it was changed, belongs to "
                                            "another place, or was wrapped by another key"));
  return decrypt_rsa (token, job, in, rv, error);
}
