/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/kek.h"

#include "core/credential.h"
#include "core/file.h"
#include "core/i18n.h"
#include "kek/seal.h"
#include "kek/token.h"

struct _VaKek {
  char *name;
  VaSeal *seal; /* file, credential */
  VaToken *token;
};

static gboolean
check_settings (const VaKekSettings *settings, GError **error)
{
  int sources = (settings->file != NULL) + (settings->credential != NULL) + (settings->token != NULL);

  if (sources != 1)
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS,
                 _("the key-encryption key must come from one place (file, credential or token), but %d are given"),
                 sources);
  else if (settings->token == NULL && (settings->token_pin_file != NULL || settings->token_module != NULL))
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS,
                 _("a token's PIN or module is given, but the key-encryption key is not in a token"));
  else
    return TRUE;
  return FALSE;
}

static VaSeal *
read_kek_file (const VaKekSettings *settings, GError **error)
{
  g_autoptr(VaSecret) key = settings->file != NULL ? va_file_read_secret (settings->file, VA_SEAL_KEY_SIZE, error)
                                                   : va_credential_read (settings->credential, VA_SEAL_KEY_SIZE, error);

  return key != NULL ? va_seal_new (key, error) : NULL;
}

VaKek *
va_kek_open (const VaKekSettings *settings, GError **error)
{
  g_autoptr(VaKek) kek = g_new0 (VaKek, 1);

  if (!check_settings (settings, error))
    return NULL;
  if (settings->token != NULL)
    {
      kek->token = va_token_open (settings, error);
      kek->name = kek->token != NULL ? g_strdup (va_token_name (kek->token)) : NULL;
    }
  else
    {
      kek->seal = read_kek_file (settings, error);
      kek->name = settings->file != NULL ? g_strdup_printf (_("file %s"), settings->file)
                                         : g_strdup_printf (_("credential %s"), settings->credential);
    }
  if (kek->token != NULL || kek->seal != NULL)
    return g_steal_pointer (&kek);
  g_prefix_error (error, _("the store's key-encryption key (%s): "), kek->name != NULL ? kek->name : _("token"));
  return NULL;
}

GBytes *
va_kek_wrap (VaKek *kek, const VaSealLabel *label, VaSecret *data_key, GError **error)
{
  g_return_val_if_fail (va_secret_size (data_key) == VA_SEAL_KEY_SIZE, NULL);
  return kek->token != NULL ? va_token_wrap (kek->token, label, data_key, error)
                            : va_seal_close (kek->seal, label, data_key);
}

static VaWrapKind
kind_of (const VaKek *kek)
{
  return kek->token != NULL ? va_token_kind (kek->token) : VA_WRAP_SEAL;
}

/* Which key would open it, and which lines of the configuration name such a key; %NULL if there is no such kind. */
static const char *
describe_kind (guint8 kind)
{
  switch (kind)
    {
    case VA_WRAP_SEAL:
      return _("the 32 bytes of a file or credential (“key” or “key-credential” in [store])");
    case VA_WRAP_TOKEN_AES:
      return _("an AES key in a PKCS#11 token (“key-token” in [store])");
    case VA_WRAP_TOKEN_RSA:
      return _("an RSA key in a PKCS#11 token (“key-token” in [store])");
    default:
      return NULL;
    }
}

static void
set_other_kind_error (const VaKek *kek, guint8 kind, GError **error)
{
  if (describe_kind (kind) == NULL)
    g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
                 _("the store's data key is not a wrapped key, or was wrapped by a later version (kind %u)"), kind);
  else
    g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
                 _("%s is not the key that this store's data key was wrapped with: that was %s, and the configuration "
                   "now names %s. Configure the former key again; without it the store's secrets are lost"),
                 kek->name, describe_kind (kind), describe_kind (kind_of (kek)));
}

VaSecret *
va_kek_unwrap (VaKek *kek, const VaSealLabel *label, GBytes *wrapped, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaSecret) key = NULL;
  gsize size = 0;
  const guint8 *data = wrapped != NULL ? g_bytes_get_data (wrapped, &size) : NULL;

  if (data == NULL || size == 0 || data[0] != kind_of (kek))
    {
      set_other_kind_error (kek, size > 0 ? data[0] : 0, error);
      return NULL;
    }
  key = kek->token != NULL ? va_token_unwrap (kek->token, label, wrapped, &reason)
                           : va_seal_open (kek->seal, label, wrapped, &reason);
  if (key != NULL && va_secret_size (key) == VA_SEAL_KEY_SIZE)
    return g_steal_pointer (&key);
  if (key != NULL)
    g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
                 _("%s opens it, but it does not contain a data key: it has %zu bytes instead of %d"), kek->name,
                 va_secret_size (key), VA_SEAL_KEY_SIZE);
  else if (g_error_matches (reason, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN))
    g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
                 _("%s is not the key that this store's data key was wrapped with: %s"), kek->name, reason->message);
  else
    g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

const char *
va_kek_name (const VaKek *kek)
{
  return kek->name;
}

void
va_kek_free (VaKek *kek)
{
  if (kek == NULL)
    return;
  va_token_free (kek->token);
  va_seal_free (kek->seal);
  g_free (kek->name);
  g_free (kek);
}
