/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/kek.h"
#include "kek/seal.h"
#include "kek/token.h"

#include "core/i18n.h"

G_DEFINE_QUARK (va-kek-error-quark, va_kek_error)

gboolean
va_token_is_lost (ck_rv_t rv)
{
  switch (rv)
    {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
va_token_failed (GError **error, const char *what, ck_rv_t rv)
{
  g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN, _("the token answered %s with %s (0x%lx)"), what,
               p11_kit_strerror (rv), rv);
  return FALSE;
}

gboolean
va_token_refuse_key (GError **error, const char *message)
{
  g_set_error_literal (error, VA_KEK_ERROR, VA_KEK_ERROR_KEY, message);
  return FALSE;
}

gboolean
va_token_does_not_open (GError **error, const char *message)
{
  g_set_error_literal (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, message);
  return FALSE;
}

gboolean
va_token_not_decrypted (GError **error, ck_rv_t rv)
{
  if (va_token_is_lost (rv))
    return va_token_failed (error, "C_Decrypt", rv);
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("it was changed, belongs to another place, or was wrapped by another key; the token answered "
                 "C_Decrypt with %s (0x%lx)"),
               p11_kit_strerror (rv), rv);
  return FALSE;
}
