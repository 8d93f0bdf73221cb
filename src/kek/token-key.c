/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/token.h"

#include "core/i18n.h"

#define MODULUS_SIZE_MIN 256

gboolean
va_token_attribute (VaToken *token, ck_attribute_type_t type, gpointer out, gsize *size)
{
  struct ck_attribute attribute = { type, out, *size };
  ck_rv_t rv = token->at.module->C_GetAttributeValue (token->at.session, token->at.key, &attribute, 1);

  if (rv != CKR_OK || attribute.value_len > *size)
    return FALSE;
  *size = attribute.value_len;
  return TRUE;
}

static gboolean
number_attribute (VaToken *token, ck_attribute_type_t type, unsigned long *number)
{
  gsize size = sizeof *number;

  return va_token_attribute (token, type, number, &size) && size == sizeof *number;
}

/* Whether the key says that @type is @wanted: a key that does not say is not taken. */
static gboolean
is_set (VaToken *token, ck_attribute_type_t type, gboolean wanted)
{
  guint8 value = 0;
  gsize size = sizeof value;

  return va_token_attribute (token, type, &value, &size) && size == sizeof value && (value != 0) == wanted;
}

/* Some modules answer C_GetMechanismInfo for mechanisms that the token does not list and will not do. */
static gboolean
lists_mechanism (VaToken *token, ck_mechanism_type_t type)
{
  g_autofree ck_mechanism_type_t *types = NULL;
  unsigned long n = 0;

  if (token->at.module->C_GetMechanismList (token->at.slot, NULL, &n) != CKR_OK)
    return FALSE;
  types = g_new0 (ck_mechanism_type_t, n + 1);
  if (token->at.module->C_GetMechanismList (token->at.slot, types, &n) != CKR_OK)
    return FALSE;
  for (unsigned long i = 0; i < n; i++)
    if (types[i] == type)
      return TRUE;
  return FALSE;
}

static gboolean
has_mechanism (VaToken *token, ck_mechanism_type_t type, unsigned long flags, const char *name, GError **error)
{
  struct ck_mechanism_info info;

  if (lists_mechanism (token, type) && token->at.module->C_GetMechanismInfo (token->at.slot, type, &info) == CKR_OK
      && (info.flags & flags) == flags)
    return TRUE;
  g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN,
               _("the token does not support %s, which this kind of key needs: an AES-256 key needs CKM_AES_GCM, an "
                 "RSA key CKM_RSA_PKCS_OAEP and CKM_SHA256_RSA_PKCS"),
               name);
  return FALSE;
}

static gboolean
check_aes (VaToken *token, GError **error)
{
  unsigned long type, size;

  if (!number_attribute (token, CKA_KEY_TYPE, &type) || type != CKK_AES
      || !number_attribute (token, CKA_VALUE_LEN, &size) || size != VA_SEAL_KEY_SIZE)
    return va_token_refuse_key (error, _("the secret key is not an AES key of 256 bits (CKK_AES, CKA_VALUE_LEN 32)"));
  if (!is_set (token, CKA_ENCRYPT, TRUE) || !is_set (token, CKA_DECRYPT, TRUE))
    return va_token_refuse_key (error, _("the AES key may not encrypt and decrypt (CKA_ENCRYPT, CKA_DECRYPT)"));
  token->kind = VA_WRAP_TOKEN_AES;
  return has_mechanism (token, CKM_AES_GCM, CKF_ENCRYPT | CKF_DECRYPT, "CKM_AES_GCM", error);
}

static gboolean
check_rsa (VaToken *token, GError **error)
{
  guint8 modulus[VA_TOKEN_MODULUS_SIZE_MAX];
  gsize size = sizeof modulus;
  unsigned long type;

  if (!number_attribute (token, CKA_KEY_TYPE, &type) || type != CKK_RSA
      || !va_token_attribute (token, CKA_MODULUS, modulus, &size) || size < MODULUS_SIZE_MIN)
    return va_token_refuse_key (error, _("the private key is not an RSA key of 2048 bits or more (CKK_RSA)"));
  if (!is_set (token, CKA_DECRYPT, TRUE) || !is_set (token, CKA_SIGN, TRUE))
    return va_token_refuse_key (error, _("the RSA key may not decrypt and sign (CKA_DECRYPT, CKA_SIGN). It must sign "
                                         "what it wraps, because anyone who knows the public key can encrypt to it; an "
                                         "AES-256 key does not need this"));
  token->modulus_size = size;
  token->asks_each_time = is_set (token, CKA_ALWAYS_AUTHENTICATE, TRUE);
  token->kind = VA_WRAP_TOKEN_RSA;
  return has_mechanism (token, CKM_RSA_PKCS_OAEP, CKF_DECRYPT, "CKM_RSA_PKCS_OAEP", error)
         && has_mechanism (token, CKM_SHA256_RSA_PKCS, CKF_SIGN, "CKM_SHA256_RSA_PKCS", error);
}

gboolean
va_token_check_key (VaToken *token, GError **error)
{
  unsigned long class;

  if (!number_attribute (token, CKA_CLASS, &class))
    return va_token_refuse_key (error, _("the token does not report what kind of key it is (CKA_CLASS)"));
  if (!is_set (token, CKA_SENSITIVE, TRUE))
    return va_token_refuse_key (error, _("the key can be read out of the token, or the token does not report whether "
                                         "it can be (CKA_SENSITIVE must be true): create a sensitive key that is not "
                                         "extractable in the token"));
  if (!is_set (token, CKA_EXTRACTABLE, FALSE))
    return va_token_refuse_key (error, _("the key can be exported from the token wrapped by another key, or the token "
                                         "does not report whether it can be (CKA_EXTRACTABLE must be false): create a "
                                         "sensitive key that is not extractable in the token"));
  return class == CKO_SECRET_KEY ? check_aes (token, error) : check_rsa (token, error);
}
