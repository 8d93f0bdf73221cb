/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-peer.h"

#include <string.h>
#include "core/i18n.h"
#include "http/x509.h"

#define PURPOSE_MAX 128

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
check_handshake (VaClientCall *call, GTlsConnection *connection)
{
  call->handshake_done = TRUE;
  if (call->trust->certificate != NULL
      && g_tls_connection_get_protocol_version (connection) != G_TLS_PROTOCOL_VERSION_TLS_1_3)
    call->peer_fault = g_strdup (_("it does not speak TLS 1.3"));
  else if (!is_for_servers (g_tls_connection_get_peer_certificate (connection)))
    call->peer_fault = g_strdup (_("its certificate is not for a server (extended key usage serverAuth)"));
  if (call->peer_fault != NULL)
    g_cancellable_cancel (call->cancellable);
}

static void
on_event (SoupMessage *message, GSocketClientEvent event, GIOStream *connection, gpointer data)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  VaClientCall *call = data;

  if (event == G_SOCKET_CLIENT_CONNECTED && G_IS_SOCKET_CONNECTION (connection))
    {
      call->connected = TRUE;
      va_client_watch_socket (call->watch, g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection)));
    }
  else if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION (connection))
    g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection), protocols); /* not HTTP/2 */
  else if (event == G_SOCKET_CLIENT_TLS_HANDSHAKED && G_IS_TLS_CONNECTION (connection))
    check_handshake (call, G_TLS_CONNECTION (connection));
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

void
va_client_peer_watch (VaClientCall *call)
{
  g_signal_connect (call->message, "network-event", G_CALLBACK (on_event), call);
  g_signal_connect (call->message, "accept-certificate", G_CALLBACK (on_bad_certificate), call);
  if (call->trust->certificate != NULL)
    soup_message_set_tls_client_certificate (call->message, call->trust->certificate);
}
