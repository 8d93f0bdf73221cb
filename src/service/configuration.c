/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/configuration.h"

#include <gio/gio.h>
#include "core/error.h"
#include "core/i18n.h"

#define KEK_FILE VA_SYSCONFDIR "/service.kek"

static const VaConfigKey keys[] = {
  { "listen", "address", VA_CONFIG_STRING, "::" },
  { "listen", "port", VA_CONFIG_NUMBER, "8443", FALSE, 0, 65535 },
  { "tls", "ca", VA_CONFIG_PATH, NULL, TRUE },
  { "tls", "certificate", VA_CONFIG_PATH, NULL, TRUE },
  { "tls", "key", VA_CONFIG_PATH, NULL, TRUE },
  { "tls", "deny", VA_CONFIG_PATH, NULL },
  { "tls", "crl", VA_CONFIG_PATH, NULL },
  { "hosts", "groups", VA_CONFIG_PATH, NULL },
  { "store", "path", VA_CONFIG_PATH, NULL },
  { "store", "url", VA_CONFIG_STRING, NULL },
  { "store", "key", VA_CONFIG_PATH, NULL },
  { "store", "key-credential", VA_CONFIG_STRING, NULL },
  { "store", "key-token", VA_CONFIG_STRING, NULL },
  { "store", "key-token-pin", VA_CONFIG_PATH, NULL },
  { "store", "key-token-module", VA_CONFIG_PATH, NULL },
  { "roots", "folder", VA_CONFIG_PATH, VA_DATADIR "/roots" },
  { "roots", "trusted-folder", VA_CONFIG_PATH, NULL },
  { "amd", "key-service", VA_CONFIG_STRING, NULL },
  { "amd", "root-service", VA_CONFIG_STRING, NULL },
  { "amd", "ca", VA_CONFIG_PATH, NULL },
  { "amd", "cache", VA_CONFIG_PATH, VA_STATEDIR "/service/amd" },
  { "amd", "timeout-seconds", VA_CONFIG_NUMBER, "5", FALSE, 1, 60 },
  { "limits", "max-connections", VA_CONFIG_NUMBER, "1024", FALSE, 1, 65536 },
  { "limits", "max-connections-per-address", VA_CONFIG_NUMBER, "128", FALSE, 1, 65536 },
  { "limits", "timeout-seconds", VA_CONFIG_NUMBER, "15", FALSE, 1, 3600 },
  { "limits", "request-seconds", VA_CONFIG_NUMBER, "30", FALSE, 1, 3600 },
  { "limits", "refusals-per-minute", VA_CONFIG_NUMBER, "120", FALSE, 1, 1000000 },
  { "limits", "launches-per-minute", VA_CONFIG_NUMBER, "60", FALSE, 1, 1000000 },
  { "limits", "changes-per-minute", VA_CONFIG_NUMBER, "120", FALSE, 1, 1000000 },
  { "limits", "images-per-owner", VA_CONFIG_NUMBER, "64", FALSE, 1, 1000000 },
  { "limits", "image-mib-per-owner", VA_CONFIG_NUMBER, "256", FALSE, 1, 1048576 },
  { "limits", "secrets-per-owner", VA_CONFIG_NUMBER, "4096", FALSE, 1, 1000000 },
  { "limits", "secret-mib-per-owner", VA_CONFIG_NUMBER, "16", FALSE, 1, 1048576 },
  { "limits", "registrations-per-owner", VA_CONFIG_NUMBER, "2000", FALSE, 1, 1000000 },
  { "limits", "registration-mib-per-owner", VA_CONFIG_NUMBER, "16", FALSE, 1, 1048576 },
  { "limits", "reserve-mib", VA_CONFIG_NUMBER, "64", FALSE, 0, 1048576 },
  { "limits", "store-mib", VA_CONFIG_NUMBER, "0", FALSE, 0, 1073741824 },
  { "limits", "confirm-seconds", VA_CONFIG_NUMBER, "3600", FALSE, 1, 2592000 },
  { "limits", "launch-seconds", VA_CONFIG_NUMBER, "300", FALSE, 1, 86400 },
  { NULL },
};

VaConfig *
va_service_config_load (const char *path, GError **error)
{
  return va_config_load (path, keys, error);
}

gboolean
va_service_check_address (const VaConfig *config, GError **error)
{
  const char *text = va_config_string (config, "listen", "address");
  g_autoptr(GInetAddress) address = g_inet_address_new_from_string (text);

  if (address != NULL)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("“%s” is not a numeric address, for instance 192.0.2.1, or :: for all"), text);
  va_config_blame (config, "listen", "address", error);
  return FALSE;
}

const char *
va_service_store_place (const VaConfig *config, GError **error)
{
  const char *path = va_config_string (config, "store", "path"), *url = va_config_string (config, "store", "url");

  if (path != NULL && url != NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                 _("[store] has both “path” and “url”: a store is either a file or a database; remove one of them"));
  else if (url != NULL && !va_store_is_url (url))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("expected a URL that begins with postgresql:// (use “path” for a file)"));
      va_config_blame (config, "store", "url", error);
    }
  else
    return url != NULL ? url : path != NULL ? path : VA_STATEDIR "/service/store.db";
  return NULL;
}

/* Of the keys that say where the KEK is, not more than one. */
static gboolean
check_sources (const VaConfig *config, GError **error)
{
  static const char *const sources[] = { "key", "key-credential", "key-token" };
  const char *first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      if (va_config_string (config, "store", sources[i]) == NULL)
        continue;
      if (first != NULL)
        {
          g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS,
                       _("“%s” and “%s” in [store] are both set, but there can be only one key-encryption key: keep "
                         "the line that applies"),
                       first, sources[i]);
          return FALSE;
        }
      first = sources[i];
    }
  return TRUE;
}

static gboolean
check_token_keys (const VaConfig *config, GError **error)
{
  static const char *const of_token[] = { "key-token-pin", "key-token-module" };

  for (guint i = 0; i < G_N_ELEMENTS (of_token); i++)
    if (va_config_string (config, "store", of_token[i]) != NULL
        && va_config_string (config, "store", "key-token") == NULL)
      {
        g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS,
                     _("“%s” in [store] is set, but “key-token” is not: it selects the token and the key in it"),
                     of_token[i]);
        return FALSE;
      }
  return TRUE;
}

gboolean
va_service_kek_settings (const VaConfig *config, VaKekSettings *settings, GError **error)
{
  *settings = (VaKekSettings){
    .file = va_config_string (config, "store", "key"),
    .credential = va_config_string (config, "store", "key-credential"),
    .token = va_config_string (config, "store", "key-token"),
    .token_pin_file = va_config_string (config, "store", "key-token-pin"),
    .token_module = va_config_string (config, "store", "key-token-module"),
  };
  if (settings->file == NULL && settings->credential == NULL && settings->token == NULL)
    settings->file = KEK_FILE;
  return check_sources (config, error) && check_token_keys (config, error);
}

VaKek *
va_service_open_kek (const VaConfig *config, GError **error)
{
  VaKekSettings settings;

  return va_service_kek_settings (config, &settings, error) ? va_kek_open (&settings, error) : NULL;
}
