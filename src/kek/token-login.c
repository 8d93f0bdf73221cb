/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/token.h"

#include <string.h>
#include "core/credential.h"
#include "core/file.h"
#include "core/i18n.h"

#define PIN_SIZE_MAX 256

static gboolean
settings_error (GError **error, const char *message)
{
  g_set_error_literal (error, VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS, message);
  return FALSE;
}

/* Refuses what would be left out in silence or give a PIN away. The URI is never shown as a whole. */
static gboolean
check_uri (VaToken *token, GError **error)
{
  struct ck_attribute *class = p11_kit_uri_get_attribute (token->uri, CKA_CLASS);
  ck_object_class_t is = class != NULL ? *(ck_object_class_t *) class->value : CKO_SECRET_KEY;

  if (p11_kit_uri_any_unrecognized (token->uri))
    return settings_error (error, _("the token's URI has an unknown attribute"));
  if (p11_kit_uri_get_pin_value (token->uri) != NULL)
    return settings_error (error,
                           _("the token's URI has a pin-value, but a PIN does not belong in a configuration file: put "
                             "it into a file that only the service can read, and name that in key-token-pin"));
  if (p11_kit_uri_get_module_name (token->uri) != NULL)
    return settings_error (error,
                           _("the token's URI has a module-name: give the module's path in key-token-module instead"));
  if (is != CKO_SECRET_KEY && is != CKO_PRIVATE_KEY)
    return settings_error (error, _("the token's URI must have type=secret-key or type=private, or no type"));
  return TRUE;
}

/* One place for the PIN and one for the module, whether the URI or the settings name them. */
static gboolean
take_query (VaToken *token, const VaKekSettings *settings, GError **error)
{
  const char *source = p11_kit_uri_get_pin_source (token->uri), *path = p11_kit_uri_get_module_path (token->uri);

  if (source != NULL && settings->token_pin_file != NULL)
    return settings_error (error, _("the PIN is given twice: by key-token-pin and by the URI's pin-source"));
  if (path != NULL && settings->token_module != NULL)
    return settings_error (error, _("the module is given twice: by key-token-module and by the URI's module-path"));
  if (source != NULL && g_str_has_prefix (source, "file:"))
    source += strlen (g_str_has_prefix (source, "file:///") ? "file://" : "file:");
  token->pin_file = g_strdup (source != NULL ? source : settings->token_pin_file);
  token->module_path = g_strdup (path != NULL ? path : settings->token_module);
  if (token->pin_file != NULL && !g_path_is_absolute (token->pin_file))
    return settings_error (error, _("the URI's pin-source must be an absolute path, or “file:” and one"));
  if (token->module_path != NULL && !g_path_is_absolute (token->module_path))
    return settings_error (error, _("the module must be an absolute path"));
  return TRUE;
}

gboolean
va_token_take_settings (VaToken *token, const VaKekSettings *settings, GError **error)
{
  return check_uri (token, error) && take_query (token, settings, error);
}

static VaSecret *
read_pin (const char *path, GError **error)
{
  const char *credential = va_credential_name (path);
  g_autoptr(VaSecret) pin = credential != NULL ? va_credential_read (credential, PIN_SIZE_MAX, error)
                                               : va_file_read_secret (path, PIN_SIZE_MAX, error);
  const guint8 *data = pin != NULL ? va_secret_data (pin) : NULL;
  gsize size = pin != NULL ? va_secret_size (pin) : 0;

  if (pin == NULL)
    {
      g_prefix_error (error, _("the token's PIN: "));
      return NULL;
    }
  if (size > 0 && data[size - 1] == '\n')
    size--;
  if (size > 0 && memchr (data, '\n', size) == NULL && memchr (data, '\0', size) == NULL)
    {
      va_secret_truncate (pin, size);
      return g_steal_pointer (&pin);
    }
  g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_PIN, _("the token's PIN: %s must have one line with the PIN"), path);
  return NULL;
}

/* A token counts wrong PINs, and locks itself for good after a few. */
static gboolean
may_try_pin (VaToken *token, GError **error)
{
  struct ck_token_info info;
  ck_rv_t rv = token->at.module->C_GetTokenInfo (token->at.slot, &info);
  const char *message = NULL;

  if (rv != CKR_OK)
    return va_token_failed (error, "C_GetTokenInfo", rv);
  if (token->pin_refused)
    message = _("the token refused this PIN before, and locks itself after a few wrong ones: correct it and restart");
  else if (info.flags & CKF_USER_PIN_LOCKED)
    message = _("the token has locked its PIN: unlock it with the security officer's PIN");
  else if (info.flags & CKF_USER_PIN_FINAL_TRY)
    message = _("the token locks itself if the PIN is wrong once more: log in by hand first, with the right PIN");
  if (message != NULL)
    g_set_error_literal (error, VA_KEK_ERROR, VA_KEK_ERROR_PIN, message);
  return message == NULL;
}

gboolean
va_token_login (VaToken *token, ck_user_type_t user, ck_rv_t *rv, GError **error)
{
  g_autoptr(VaSecret) pin = NULL;

  *rv = CKR_OK;
  if (token->pin_file == NULL)
    {
      g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_PIN,
                   _("the token requires a login: name the file with its PIN in key-token-pin"));
      return FALSE;
    }
  pin = read_pin (token->pin_file, error);
  if (pin == NULL || !may_try_pin (token, error))
    return FALSE;
  *rv = token->at.module->C_Login (token->at.session, user, va_secret_data (pin), va_secret_size (pin));
  switch (*rv)
    {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN: /* by another session of this process */
      return TRUE;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_EXPIRED:
    case CKR_PIN_LOCKED:
    case CKR_USER_PIN_NOT_INITIALIZED:
      token->pin_refused = TRUE;
      g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_PIN,
                   _("the token rejected the PIN in %s: %s. It will not be tried again, because a token locks itself "
                     "after a few wrong PINs"),
                   token->pin_file, p11_kit_strerror (*rv));
      return FALSE;
    default:
      return va_token_failed (error, "C_Login", *rv);
    }
}
