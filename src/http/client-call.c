/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-call.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "http/x509.h"

#define PIECE 16384
/* From this size on the service is asked before the body is sent, so that a refusal comes early and whole. */
#define ASK_FIRST (32 * 1024)
#define PURPOSE_MAX 128

static void
finish (VaClientCall *call, GError *error)
{
  if (call->error == NULL)
    call->error = error;
  else
    g_clear_error (&error);
  call->done = TRUE;
}

static gboolean
on_deadline (gpointer data)
{
  VaClientCall *call = data;

  call->late = TRUE;
  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

static void read_on (VaClientCall *call);

static void
on_piece (GObject *source, GAsyncResult *result, gpointer data)
{
  VaClientCall *call = data;
  GError *error = NULL;
  g_autoptr(GBytes) piece = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize size = piece != NULL ? g_bytes_get_size (piece) : 0;

  if (piece == NULL)
    finish (call, error);
  else if (size == 0)
    call->done = TRUE;
  else if (size > call->max_reply - call->reply->len)
    finish (call, g_error_new (G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                               _("its answer is larger than the %" G_GSIZE_FORMAT " bytes that are taken"),
                               call->max_reply));
  else
    {
      g_byte_array_append (call->reply, g_bytes_get_data (piece, NULL), (guint) size);
      read_on (call);
    }
}

static void
read_on (VaClientCall *call)
{
  g_input_stream_read_bytes_async (call->stream, PIECE, G_PRIORITY_DEFAULT, call->cancellable, on_piece, call);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  VaClientCall *call = data;
  GError *error = NULL;
  const char *type;

  call->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (call->stream == NULL)
    {
      finish (call, error);
      return;
    }
  call->status = soup_message_get_status (call->message);
  type = soup_message_headers_get_content_type (soup_message_get_response_headers (call->message), NULL);
  call->json_type = type != NULL && g_ascii_strcasecmp (type, "application/json") == 0;
  read_on (call);
}

static void
on_wrote (SoupMessage *message, guint size, gpointer data)
{
  VaClientCall *call = data;

  call->sent += size;
  if (call->request->progress != NULL)
    call->request->progress (call->sent, g_bytes_get_size (call->body), call->request->progress_data);
}

/* glib-networking does not look at what a certificate is for; a client's must not pass for a service's. */
static gboolean
is_for_servers (GTlsCertificate *peer)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  g_autoptr(GByteArray) der = NULL;
  gnutls_datum_t data;

  g_object_get (peer, "certificate", &der, NULL);
  if (der == NULL || gnutls_x509_crt_init (&certificate) < 0)
    return FALSE;
  data = (gnutls_datum_t){ der->data, der->len };
  if (gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_DER) < 0)
    return FALSE;
  for (guint i = 0;; i++)
    {
      char oid[PURPOSE_MAX] = "";
      size_t size = sizeof oid;

      if (gnutls_x509_crt_get_key_purpose_oid (certificate, i, oid, &size, NULL) < 0)
        return FALSE;
      if (strcmp (oid, GNUTLS_KP_TLS_WWW_SERVER) == 0)
        return TRUE;
    }
}

static void
on_event (SoupMessage *message, GSocketClientEvent event, GIOStream *connection, gpointer data)
{
  VaClientCall *call = data;

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKED || !G_IS_TLS_CONNECTION (connection))
    return;
  call->handshake_done = TRUE;
  if (call->client->certificate != NULL
      && g_tls_connection_get_protocol_version (G_TLS_CONNECTION (connection)) != G_TLS_PROTOCOL_VERSION_TLS_1_3)
    call->peer_fault = g_strdup (_("it does not speak TLS 1.3"));
  else if (!is_for_servers (g_tls_connection_get_peer_certificate (G_TLS_CONNECTION (connection))))
    call->peer_fault = g_strdup (_("its certificate is not for a server (extended key usage serverAuth)"));
  if (call->peer_fault != NULL)
    g_cancellable_cancel (call->cancellable);
}

static gboolean
on_bad_certificate (SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags flags, gpointer data)
{
  VaClientCall *call = data;

  if (call->peer_fault != NULL)
    return FALSE;
  if ((flags & G_TLS_CERTIFICATE_UNKNOWN_CA) != 0)
    call->peer_fault = g_strdup (_("its certificate is not signed by the CA that was configured"));
  else if ((flags & G_TLS_CERTIFICATE_BAD_IDENTITY) != 0)
    call->peer_fault = g_strdup (_("its certificate is for another name than the URL's"));
  else if ((flags & (G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_NOT_ACTIVATED)) != 0)
    call->peer_fault = g_strdup (_("its certificate is not valid at this time; check the clocks"));
  else
    call->peer_fault = g_strdup (_("its certificate does not verify"));
  return FALSE;
}

static gboolean
make_message (VaClientCall *call)
{
  const VaClientRequest *request = call->request;
  g_autofree char *address = g_strconcat (call->client->url, request->path, NULL);
  const char *type = request->json != NULL ? "application/json" : "application/octet-stream";

  call->message = soup_message_new (request->method, address);
  if (call->message == NULL)
    return FALSE;
  soup_message_add_flags (call->message, SOUP_MESSAGE_NO_REDIRECT);
  if (request->request_id != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (call->message), VA_REQUEST_ID_HEADER,
                                  request->request_id);
  if (request->json != NULL)
    {
      char *text = va_json_print (request->json);

      call->body = g_bytes_new_take (text, strlen (text));
    }
  else if (request->data != NULL)
    call->body = g_bytes_new_static (request->data, request->size);
  if (call->body != NULL)
    {
      soup_message_set_request_body_from_bytes (call->message, type, call->body);
      if (g_bytes_get_size (call->body) > ASK_FIRST)
        soup_message_headers_set_expectations (soup_message_get_request_headers (call->message),
                                               SOUP_EXPECTATION_CONTINUE);
    }
  g_signal_connect (call->message, "wrote-body-data", G_CALLBACK (on_wrote), call);
  g_signal_connect (call->message, "network-event", G_CALLBACK (on_event), call);
  g_signal_connect (call->message, "accept-certificate", G_CALLBACK (on_bad_certificate), call);
  if (call->client->certificate != NULL)
    soup_message_set_tls_client_certificate (call->message, call->client->certificate);
  return TRUE;
}

/* One session a call: calls may come from any thread, and a session belongs to one. */
static SoupSession *
make_session (const VaClient *client)
{
  SoupSession *session = soup_session_new_with_options ("user-agent", PACKAGE_NAME "/" PACKAGE_VERSION, "timeout", 0,
                                                        "max-conns", 1, NULL);

  soup_session_set_tls_database (session, client->authorities);
  soup_session_set_proxy_resolver (session, NULL);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

static gboolean
explain (const VaClientCall *call, GError **error)
{
  const char *url = call->client->url;

  if (call->late)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("the service at %s did not answer within %u ms"), url,
                 call->request->deadline_ms);
  else if (call->peer_fault != NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("cannot reach the service at %s: %s"), url,
                 call->peer_fault);
  else if (call->status != 0 || g_error_matches (call->error, SOUP_SESSION_ERROR, SOUP_SESSION_ERROR_PARSING))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service at %s gave a broken answer: %s"), url,
                 call->error->message);
  else if (call->handshake_done)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("cannot reach the service at %s: it closed the connection (%s); it may have refused the client "
                   "certificate, see the service's log"), url, call->error->message);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("cannot reach the service at %s: %s"), url,
                 call->error->message);
  return FALSE;
}

static void
run (VaClientCall *call)
{
  g_autoptr(SoupSession) session = make_session (call->client);
  g_autoptr(GSource) deadline = g_timeout_source_new (call->request->deadline_ms);

  g_source_set_callback (deadline, on_deadline, call, NULL);
  g_source_attach (deadline, call->context);
  soup_session_send_async (session, call->message, G_PRIORITY_DEFAULT, call->cancellable, on_sent, call);
  while (!call->done)
    g_main_context_iteration (call->context, TRUE);
  g_source_destroy (deadline);
  g_signal_handlers_disconnect_by_data (call->message, call);
  g_clear_object (&call->stream);
  soup_session_abort (session);
}

gboolean
va_client_call_run (VaClientCall *call, GError **error)
{
  call->context = g_main_context_new ();
  call->cancellable = g_cancellable_new ();
  call->reply = g_byte_array_new ();
  if (!make_message (call))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s%s” is no valid address"), call->client->url,
                   call->request->path);
      return FALSE;
    }
  g_main_context_push_thread_default (call->context);
  run (call);
  /* What the session left behind ends here. */
  while (g_main_context_iteration (call->context, FALSE))
    ;
  g_main_context_pop_thread_default (call->context);
  return call->error == NULL && call->peer_fault == NULL ? TRUE : explain (call, error);
}

void
va_client_call_clear (VaClientCall *call)
{
  g_clear_object (&call->stream);
  g_clear_object (&call->message);
  g_clear_pointer (&call->body, g_bytes_unref);
  g_clear_pointer (&call->reply, g_byte_array_unref);
  g_clear_object (&call->cancellable);
  g_clear_pointer (&call->context, g_main_context_unref);
  g_clear_pointer (&call->peer_fault, g_free);
  g_clear_error (&call->error);
}
