/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/client.h"

#include <string.h>
#include "core/error.h"
#include "core/file-mark.h"
#include "core/i18n.h"
#include "http/client/call.h"
#include "http/client/keeper.h"

#define DEFAULT_MAX_REPLY (1024 * 1024)

struct _VaClient {
  char *url;                      /* without a slash at its end */
  char *files[3];                 /* CA, certificate, key; %NULL: a public server is asked */
  VaFileMark read[3], noticed[3]; /* the files' marks when they were read, and when they were looked at last */
  VaClientKeeper *keeper;         /* %NULL: each call has a connection of its own */
  GMutex lock;
  VaClientTrust *trust; /* under the lock */
  gint64 silent;        /* under the lock: when a call ran out of time without an answer; 0: one was answered since */
};

static gboolean
set_url (VaClient *client, const char *url, gboolean may_have_path, GError **error)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *path = uri != NULL ? g_uri_get_path (uri) : NULL;
  int port = uri != NULL ? g_uri_get_port (uri) : 0;

  if (uri == NULL || g_strcmp0 (g_uri_get_scheme (uri), "https") != 0 || g_uri_get_host (uri) == NULL
      || *g_uri_get_host (uri) == '\0' || g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL
      || g_uri_get_fragment (uri) != NULL || (!may_have_path && strcmp (path, "") != 0 && strcmp (path, "/") != 0)
      || port == 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   may_have_path ? _("this is not a server's URL; expected https://HOST[:PORT][/PATH]")
                                 : _("this is not a service's URL; expected https://HOST:PORT"));
      return FALSE;
    }
  client->url = g_uri_to_string_partial (uri, G_URI_HIDE_NONE);
  while (g_str_has_suffix (client->url, "/"))
    client->url[strlen (client->url) - 1] = '\0';
  return TRUE;
}

static VaClient *
client_new (const char *url, gboolean may_have_path, GError **error)
{
  g_autoptr(VaClient) client = g_new0 (VaClient, 1);

  g_mutex_init (&client->lock);
  return set_url (client, url, may_have_path, error) ? g_steal_pointer (&client) : NULL;
}

/* Before they are read, so that a change meanwhile shows later. */
static void
mark_files (const VaClient *client, VaFileMark *marks)
{
  for (guint i = 0; i < G_N_ELEMENTS (client->files); i++)
    va_file_mark_take (&marks[i], client->files[i]);
}

static gboolean
are_marks_of (const VaFileMark *a, const VaFileMark *b)
{
  return va_file_mark_is (&a[0], &b[0]) && va_file_mark_is (&a[1], &b[1]) && va_file_mark_is (&a[2], &b[2]);
}

VaClient *
va_client_new (const char *url, const char *ca_file, const char *certificate_file, const char *key_file, GError **error)
{
  g_autoptr(VaClient) client = client_new (url, FALSE, error);

  if (client == NULL)
    return NULL;
  client->files[0] = g_strdup (ca_file);
  client->files[1] = g_strdup (certificate_file);
  client->files[2] = g_strdup (key_file);
  mark_files (client, client->read);
  client->trust = va_client_trust_load (ca_file, certificate_file, key_file, error);
  return client->trust != NULL ? g_steal_pointer (&client) : NULL;
}

VaClient *
va_client_new_public (const char *url, const char *ca_file, GError **error)
{
  g_autoptr(VaClient) client = client_new (url, TRUE, error);

  if (client == NULL)
    return NULL;
  client->trust = va_client_trust_public (ca_file, error);
  return client->trust != NULL ? g_steal_pointer (&client) : NULL;
}

/* Returns: (transfer full): what holds for one call, even if the files are read again meanwhile. */
static VaClientTrust *
get_trust (VaClient *client)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&client->lock);

  return va_client_trust_ref (client->trust);
}

gboolean
va_client_reload (VaClient *client, GError **error)
{
  VaClientTrust *trust, *old;

  g_assert (client->files[0] != NULL);
  mark_files (client, client->read);
  trust = va_client_trust_load (client->files[0], client->files[1], client->files[2], error);
  if (trust == NULL)
    return FALSE;
  g_mutex_lock (&client->lock);
  old = client->trust;
  client->trust = trust;
  g_mutex_unlock (&client->lock);
  va_client_trust_unref (old);
  return TRUE;
}

gboolean
va_client_files_changed (VaClient *client)
{
  VaFileMark now[G_N_ELEMENTS (client->files)];
  gboolean settled;

  mark_files (client, now);
  settled = are_marks_of (now, client->noticed);
  memcpy (client->noticed, now, sizeof now);
  return settled && !are_marks_of (now, client->read);
}

void
va_client_keep (VaClient *client)
{
  if (client->keeper == NULL)
    client->keeper = va_client_keeper_new ();
}

gint64
va_client_certificate_ends (VaClient *client)
{
  g_autoptr(VaClientTrust) trust = get_trust (client);

  return trust->ends;
}

void
va_client_free (VaClient *client)
{
  if (client == NULL)
    return;
  g_clear_pointer (&client->keeper, va_client_keeper_free);
  g_clear_pointer (&client->trust, va_client_trust_unref);
  for (guint i = 0; i < G_N_ELEMENTS (client->files); i++)
    g_free (client->files[i]);
  g_mutex_clear (&client->lock);
  g_free (client->url);
  g_free (client);
}

static gboolean
fail_answer (const VaClient *client, GError **error, const char *why)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service at %s sent an invalid answer: %s"), client->url,
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
      g_autofree char *why = g_strdup_printf (_("unexpected HTTP status %u"), call->status);

      return fail_answer (client, error, why);
    }
  if (call->reply->len > 0 && !call->json_type)
    return fail_answer (client, error, _("its content type is not JSON"));
  object = call->reply->len > 0 ? va_json_parse_long (text, call->reply->len, max_values, &reason) : json_object_new ();
  if (object == NULL)
    return fail_answer (client, error, reason->message);
  if (reply != NULL)
    *reply = g_steal_pointer (&object);
  return TRUE;
}

gint64
va_client_silent_for (VaClient *client)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&client->lock);

  return client->silent != 0 ? g_get_monotonic_time () - client->silent : -1;
}

/* A call that was given little time from the start says nothing about the service. */
static void
note_silence (VaClient *client, const VaClientCall *call)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&client->lock);

  if (call->answering)
    client->silent = 0;
  else if (call->out_of_time && !call->request->brief)
    client->silent = g_get_monotonic_time ();
}

/* One call of @client; @call has its request and limits. */
static gboolean
run_call (VaClient *client, VaClientCall *call, GError **error)
{
  gboolean ok;

  call->url = client->url;
  call->trust = get_trust (client);
  if (client->keeper == NULL || !va_client_keeper_run (client->keeper, call, &ok, error))
    ok = va_client_call_run (call, error);
  note_silence (client, call);
  va_client_trust_unref (call->trust);
  return ok;
}

gboolean
va_client_call (VaClient *client, const VaClientRequest *request, JsonObject **reply, GError **error)
{
  VaClientCall call = { .request = request };
  gboolean ok;

  if (reply != NULL)
    *reply = NULL;
  call.max_reply = request->max_reply != 0 ? request->max_reply : DEFAULT_MAX_REPLY;
  ok = run_call (client, &call, error) && read_reply (client, &call, reply, error);
  va_client_call_clear (&call);
  return ok;
}

gboolean
va_client_get (VaClient *client, const char *path, guint deadline_ms, gsize max, VaClientAnswer *answer, GError **error)
{
  const VaClientRequest request = { .method = "GET", .path = path, .deadline_ms = deadline_ms };
  VaClientCall call = { .request = &request, .max_reply = max };
  gboolean ok = run_call (client, &call, error);

  if (ok)
    {
      answer->retry_after = call.retry_after;
      answer->status = call.status;
      answer->body = g_byte_array_free_to_bytes (g_steal_pointer (&call.reply));
    }
  va_client_call_clear (&call);
  return ok;
}
