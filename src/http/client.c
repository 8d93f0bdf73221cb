/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client.h"

#include <libsoup/soup.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/number.h"
#include "http/client-call.h"
#include "http/tls-files.h"

#define DEFAULT_MAX_REPLY (1024 * 1024)

/* glib-networking reads this once, before its first connection. */
static void
demand_tls13 (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      g_setenv ("G_TLS_GNUTLS_PRIORITY", VA_TLS_PRIORITY, FALSE);
      g_once_init_leave (&once, 1);
    }
}

/* "https://host:port" without the slash at the end, or NULL. */
static char *
check_url (const char *url, gboolean may_have_path, GError **error)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *path = uri != NULL ? g_uri_get_path (uri) : NULL;
  char *checked;

  if (uri == NULL || g_strcmp0 (g_uri_get_scheme (uri), "https") != 0 || g_uri_get_host (uri) == NULL ||
      *g_uri_get_host (uri) == '\0' || g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL || (!may_have_path && strcmp (path, "") != 0 && strcmp (path, "/") != 0))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   may_have_path ? _("“%s” is no URL of a server; expected https://HOST[:PORT][/PATH]")
                                 : _("“%s” is no URL of a service; expected https://HOST:PORT"), url);
      return NULL;
    }
  checked = g_uri_to_string_partial (uri, G_URI_HIDE_NONE);
  while (g_str_has_suffix (checked, "/"))
    checked[strlen (checked) - 1] = '\0';
  return checked;
}

static GTlsDatabase *
read_authorities (const char *ca_file, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (ca_file, NULL);
  g_autoptr(GError) reason = NULL;
  GTlsDatabase *authorities = g_tls_file_database_new (path, &reason);

  if (authorities == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s", ca_file, reason->message);
  return authorities;
}

static GTlsCertificate *
make_certificate (const VaTlsFiles *files, const char *certificate_file, GError **error)
{
  gsize certificate_size = strlen (files->certificate);
  gsize key_size = va_secret_size (files->key) - 1;
  g_autoptr(VaSecret) both = va_secret_new (certificate_size + 1 + key_size + 1);
  char *text = (char *) va_secret_data (both);
  g_autoptr(GError) reason = NULL;
  GTlsCertificate *certificate;

  memcpy (text, files->certificate, certificate_size);
  text[certificate_size] = '\n';
  memcpy (text + certificate_size + 1, va_secret_data (files->key), key_size);
  certificate = g_tls_certificate_new_from_pem (text, (gssize) (certificate_size + 1 + key_size), &reason);
  if (certificate == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s", certificate_file, reason->message);
  return certificate;
}

VaClient *
va_client_new (const char *url, const char *ca_file, const char *certificate_file, const char *key_file,
               GError **error)
{
  g_autoptr(VaClient) client = g_new0 (VaClient, 1);
  g_auto(VaTlsFiles) files = { 0 };

  demand_tls13 ();
  client->url = check_url (url, FALSE, error);
  if (client->url == NULL || !va_tls_files_load (&files, ca_file, certificate_file, key_file, error))
    return NULL;
  client->certificate = make_certificate (&files, certificate_file, error);
  if (client->certificate == NULL)
    return NULL;
  client->authorities = read_authorities (ca_file, error);
  return client->authorities != NULL ? g_steal_pointer (&client) : NULL;
}

VaClient *
va_client_new_public (const char *url, const char *ca_file, GError **error)
{
  g_autoptr(VaClient) client = g_new0 (VaClient, 1);

  client->url = check_url (url, TRUE, error);
  if (client->url == NULL)
    return NULL;
  client->authorities = ca_file != NULL ? read_authorities (ca_file, error)
                                        : g_tls_backend_get_default_database (g_tls_backend_get_default ());
  return client->authorities != NULL ? g_steal_pointer (&client) : NULL;
}

void
va_client_free (VaClient *client)
{
  if (client == NULL)
    return;
  g_clear_object (&client->authorities);
  g_clear_object (&client->certificate);
  g_free (client->url);
  g_free (client);
}

static gboolean
fail (const VaClient *client, GError **error, const char *why)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service at %s gave a broken answer: %s"), client->url,
               why);
  return FALSE;
}

static gboolean
read_reply (const VaClient *client, const VaClientCall *call, JsonObject **reply, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(JsonObject) object = NULL;
  const char *text = (const char *) call->reply->data;
  guint max_values = call->request->max_values != 0 ? call->request->max_values : VA_JSON_MAX_VALUES;

  if (call->status >= 400)
    {
      g_propagate_error (error, va_problem_read (call->status, text, call->reply->len));
      return FALSE;
    }
  if (call->status < 200 || call->status >= 300)
    {
      g_autofree char *why = g_strdup_printf (_("HTTP status %u, which it never gives"), call->status);

      return fail (client, error, why);
    }
  if (call->reply->len > 0 && !call->json_type)
    return fail (client, error, _("it is not marked as JSON"));
  object = call->reply->len > 0 ? va_json_parse_long (text, call->reply->len, max_values, &reason) : json_object_new ();
  if (object == NULL)
    return fail (client, error, reason->message);
  if (reply != NULL)
    *reply = g_steal_pointer (&object);
  return TRUE;
}

gboolean
va_client_call (VaClient *client, const VaClientRequest *request, JsonObject **reply, GError **error)
{
  VaClientCall call = { .client = client, .request = request };
  gboolean ok;

  if (reply != NULL)
    *reply = NULL;
  call.max_reply = request->max_reply != 0 ? request->max_reply : DEFAULT_MAX_REPLY;
  ok = va_client_call_run (&call, error) && read_reply (client, &call, reply, error);
  va_client_call_clear (&call);
  return ok;
}

gboolean
va_client_get (VaClient *client, const char *path, guint deadline_ms, gsize max, VaClientAnswer *answer, GError **error)
{
  const VaClientRequest request = { .method = "GET", .path = path, .deadline_ms = deadline_ms };
  VaClientCall call = { .client = client, .request = &request, .max_reply = max };
  gboolean ok = va_client_call_run (&call, error);

  if (ok)
    {
      const char *after = soup_message_headers_get_one (soup_message_get_response_headers (call.message), "Retry-After");
      guint64 seconds = 0;

      answer->retry_after
        = after != NULL && va_number_parse (after, 0, G_MAXUINT, &seconds, NULL) ? (guint) seconds : 0;
      answer->status = call.status;
      answer->body = g_byte_array_free_to_bytes (g_steal_pointer (&call.reply));
    }
  va_client_call_clear (&call);
  return ok;
}
