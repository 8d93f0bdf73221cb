/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/call.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/config-file.h"
#include "pki/identity.h"

#define DEADLINE_MS 60000
#define MAX_REPLY (16 * 1024 * 1024)
#define CERTIFICATE_MAX (256 * 1024)
#define MAX_VALUES 250000 /* more than fit into a page of registrations, or a list of 1000 launches */

static const VaConfigKey keys[] = {
  { "", "url", VA_CONFIG_STRING, NULL, FALSE, 0, 0 },
  { "", "ca", VA_CONFIG_PATH, NULL, FALSE, 0, 0 },
  { "", "certificate", VA_CONFIG_PATH, NULL, FALSE, 0, 0 },
  { "", "key", VA_CONFIG_PATH, NULL, FALSE, 0, 0 },
  { NULL },
};

/* What is wrong with a configuration is a broken set-up, not a refusal. */
static void
mark_broken (GError *error)
{
  if (error != NULL && error->domain == VA_CORE_ERROR)
    error->code = VA_CORE_ERROR_FAILED;
}

static VaConfig *
load_config (const VaCall *call, GError **error)
{
  const char *named = call->config != NULL ? call->config : g_getenv ("VIRT_ATTEST_CONFIG");
  g_autofree char *own = g_build_filename (g_get_user_config_dir (), "virt-attest", "client.conf", NULL);

  if (named != NULL)
    return va_config_load (named, keys, error);
  if (g_file_test (own, G_FILE_TEST_EXISTS))
    return va_config_load (own, keys, error);
  return va_config_load_optional (VA_SYSCONFDIR "/client.conf", keys, error);
}

static void
fill_option (char **option, const VaConfig *config, const char *key)
{
  if (*option == NULL)
    *option = g_strdup (va_config_string (config, "", key));
}

static gboolean
check_complete (const VaCall *call, GError **error)
{
  const char *missing = call->url == NULL           ? "url"
                        : call->ca == NULL          ? "ca"
                        : call->certificate == NULL ? "certificate"
                        : call->key == NULL         ? "key"
                                                    : NULL;

  if (missing == NULL)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
               _("“%s” is not configured: set it in client.conf, see virt-attest-client.conf(5), or pass --%s"),
               missing, missing);
  return FALSE;
}

static void
disconnect_call (VaCall *call)
{
  g_clear_pointer (&call->client, va_client_free);
}

static gboolean
connect_to_service (VaCall *call, GError **error)
{
  g_autoptr(VaConfig) config = NULL;

  if (call->client != NULL)
    return TRUE;
  if (call->url == NULL || call->ca == NULL || call->certificate == NULL || call->key == NULL)
    {
      config = load_config (call, error);
      if (config == NULL)
        return FALSE;
      fill_option (&call->url, config, "url");
      fill_option (&call->ca, config, "ca");
      fill_option (&call->certificate, config, "certificate");
      fill_option (&call->key, config, "key");
    }
  if (!check_complete (call, error))
    return FALSE;
  call->disconnect = disconnect_call;
  call->client = va_client_new (call->url, call->ca, call->certificate, call->key, error);
  return call->client != NULL;
}

gboolean
va_call_find_ca (VaCall *call, GError **error)
{
  g_autoptr(VaConfig) config = call->ca == NULL ? load_config (call, error) : NULL;

  if (call->ca == NULL && config == NULL)
    return FALSE;
  if (config != NULL)
    fill_option (&call->ca, config, "ca");
  if (call->ca != NULL)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
               _("no CA certificate is configured for the service: set “ca” in client.conf, or pass --ca"));
  return FALSE;
}

gboolean
va_call_find_host (VaCall *call, char **host, GError **error)
{
  g_autoptr(VaConfig) config = call->url == NULL ? load_config (call, error) : NULL;
  g_autoptr(GUri) uri = NULL;

  *host = NULL;
  if (call->url == NULL && config == NULL)
    return FALSE;
  if (config != NULL)
    fill_option (&call->url, config, "url");
  if (call->url == NULL)
    return TRUE;
  uri = g_uri_parse (call->url, G_URI_FLAGS_NONE, NULL);
  if (uri != NULL && g_uri_get_host (uri) != NULL && g_uri_get_host (uri)[0] != '\0')
    {
      *host = g_strdup (g_uri_get_host (uri));
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("the service's URL must have the form https://HOST:PORT"));
  return FALSE;
}

static gboolean
read_client_identity (const char *path, VaIdentity *identity, GError **error)
{
  g_autofree char *pem = va_file_read_text (path, CERTIFICATE_MAX, error);
  gnutls_datum_t data = { (unsigned char *) pem, pem != NULL ? (unsigned) strlen (pem) : 0 };
  gnutls_x509_crt_t certificate = NULL;
  gboolean ok;

  if (pem == NULL)
    return FALSE;
  ok = gnutls_x509_crt_init (&certificate) == 0
       && gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_PEM) == 0;
  if (!ok)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s is not a certificate in PEM form"), path);
  else if (!va_identity_from_certificate (certificate, identity, NULL))
    identity->role = VA_ROLE_HOST; /* of nobody who owns registrations */
  if (certificate != NULL)
    gnutls_x509_crt_deinit (certificate);
  return ok;
}

gboolean
va_call_find_owner (VaCall *call, char **owner, GError **error)
{
  g_autoptr(VaConfig) config = call->certificate == NULL ? load_config (call, error) : NULL;
  VaIdentity identity = { 0 };

  *owner = NULL;
  if (call->certificate == NULL && config == NULL)
    return FALSE;
  if (config != NULL)
    fill_option (&call->certificate, config, "certificate");
  if (call->certificate == NULL)
    return TRUE;
  if (!read_client_identity (call->certificate, &identity, error))
    return FALSE;
  if (identity.role == VA_ROLE_OWNER)
    *owner = g_strdup (identity.name);
  return TRUE;
}

static gboolean
send_request (VaCall *call, const VaClientRequest *request, JsonObject **reply, GError **error)
{
  GError *reason = NULL;

  if (connect_to_service (call, &reason))
    return va_client_call (call->client, request, reply, error);
  mark_broken (reason);
  g_propagate_error (error, reason);
  return FALSE;
}

gboolean
va_call_ask (VaCall *call, const char *method, const char *path, JsonObject *json, JsonObject **reply, GError **error)
{
  const VaClientRequest request = { .method = method,
                                    .path = path,
                                    .json = json,
                                    .deadline_ms = DEADLINE_MS,
                                    .max_reply = MAX_REPLY,
                                    .max_values = MAX_VALUES };

  return send_request (call, &request, reply, error);
}

static void
on_progress (guint64 sent, guint64 total, gpointer data)
{
  const char *label = data;

  if (total > 0)
    fprintf (stderr, "\r%s: %3u %%", label, (unsigned) MIN (100, sent * 100 / total));
  fflush (stderr);
}

gboolean
va_call_put (VaCall *call, const char *path, gconstpointer data, gsize size, const char *label, JsonObject **reply,
             GError **error)
{
  gboolean shown = label != NULL && isatty (STDERR_FILENO);
  const VaClientRequest request = {
    .method = "PUT",
    .path = path,
    .data = data,
    .size = size,
    .deadline_ms = 5 * DEADLINE_MS,
    .max_reply = MAX_REPLY,
    .progress = shown ? on_progress : NULL,
    .progress_data = (gpointer) label,
  };
  gboolean ok = send_request (call, &request, reply, error);

  if (shown)
    fputs ("\r\033[K", stderr);
  return ok;
}
