/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/peer.h"

#include <string.h>
#include "core/i18n.h"
#include "http/client/explain.h"
#include "pki/x509.h"

#define PURPOSE_MAX 128

struct _VaClientTies {
  int count;
  GMainContext *context;
};

static void
clear_ties (gpointer data)
{
  g_main_context_unref (((VaClientTies *) data)->context);
}

/* From the thread that finalizes the connection. */
static void
on_finalized (gpointer data, GObject *connection)
{
  VaClientTies *ties = data;

  g_atomic_int_add (&ties->count, -1);
  g_main_context_wakeup (ties->context);
  g_atomic_rc_box_release_full (ties, clear_ties);
}

static void
count_connection (VaClientCall *call, GIOStream *connection)
{
  if (call->ties == NULL)
    {
      call->ties = g_atomic_rc_box_new0 (VaClientTies);
      call->ties->context = g_main_context_ref (call->context);
    }
  g_atomic_int_inc (&call->ties->count);
  g_object_weak_ref (G_OBJECT (connection), on_finalized, g_atomic_rc_box_acquire (call->ties));
}

gboolean
va_client_peer_is_connected (VaClientCall *call)
{
  return call->ties != NULL && g_atomic_int_get (&call->ties->count) > 0;
}

void
va_client_peer_clear (VaClientCall *call)
{
  if (call->ties != NULL)
    g_atomic_rc_box_release_full (g_steal_pointer (&call->ties), clear_ties);
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

static gint64
end_of_certificate (GTlsCertificate *certificate)
{
  g_autoptr(GDateTime) ends = g_tls_certificate_get_not_valid_after (certificate);

  return ends != NULL ? g_date_time_to_unix (ends) : 0;
}

static void
check_handshake (VaClientCall *call, GTlsConnection *connection)
{
  call->handshake_done = TRUE;
  call->line->peer_ends = end_of_certificate (g_tls_connection_get_peer_certificate (connection));
  if (call->trust->certificate != NULL
      && g_tls_connection_get_protocol_version (connection) != G_TLS_PROTOCOL_VERSION_TLS_1_3)
    call->peer_fault = g_strdup (_("it does not speak TLS 1.3, as virt-attestd does: check that the URL does not lead "
                                   "to another server, or to a proxy that terminates TLS"));
  else if (!is_for_servers (g_tls_connection_get_peer_certificate (connection)))
    call->peer_fault = g_strdup (call->trust->certificate == NULL
                                   ? _("its certificate is not for a server (extended key usage serverAuth)")
                                   : _("its certificate is not for a server (extended key usage serverAuth); its "
                                       "operator must install another one (virt-attest ca issue service)"));
  if (call->peer_fault != NULL)
    g_cancellable_cancel (call->cancellable);
}

static void
on_socket_event (SoupMessage *message, GSocketClientEvent event, GIOStream *connection, gpointer data)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  VaClientCall *call = data;

  if (event == G_SOCKET_CLIENT_RESOLVING)
    call->reused = call->connected = call->handshake_done = FALSE; /* the kept one was not good enough for libsoup */
  else if (event == G_SOCKET_CLIENT_CONNECTED && G_IS_SOCKET_CONNECTION (connection))
    {
      GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection));

      call->connected = TRUE;
      va_client_line_connected (call->line, socket);
      va_client_watch_socket (call->watch, socket);
    }
  else if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION (connection))
    {
      count_connection (call, connection);
      g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection), protocols); /* not HTTP/2 */
    }
  else if (event == G_SOCKET_CLIENT_TLS_HANDSHAKED && G_IS_TLS_CONNECTION (connection))
    check_handshake (call, G_TLS_CONNECTION (connection));
}

/* The DNS names and addresses that a certificate is for. */
static char *
names_of (GTlsCertificate *certificate)
{
  g_autoptr(GPtrArray) names = g_tls_certificate_get_dns_names (certificate);
  g_autoptr(GPtrArray) addresses = g_tls_certificate_get_ip_addresses (certificate);
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; names != NULL && i < names->len; i++)
    g_ptr_array_add (all, g_strndup (g_bytes_get_data (names->pdata[i], NULL), g_bytes_get_size (names->pdata[i])));
  for (guint i = 0; addresses != NULL && i < addresses->len; i++)
    g_ptr_array_add (all, g_inet_address_to_string (addresses->pdata[i]));
  if (all->len == 0)
    return g_strdup (_("no name"));
  g_ptr_array_add (all, NULL);
  return g_strjoinv (", ", (char **) all->pdata);
}

static char *
say_foreign (const VaClientCall *call, GTlsCertificate *certificate)
{
  g_autofree char *issuer = g_tls_certificate_get_issuer_name (certificate);
  const char *ca = call->trust->ca_file;

  return g_strdup_printf (_("its certificate is not signed by the CA in %s, but by “%s”; check that this is the right "
                            "server, and ask its operator for the current ca.pem"),
                          ca != NULL ? ca : _("the system's list"), issuer != NULL ? issuer : "?");
}

static char *
say_misnamed (const VaClientCall *call, GTlsCertificate *certificate)
{
  g_autofree char *names = names_of (certificate);
  g_autoptr(GUri) uri = g_uri_parse (call->url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : "?";

  if (call->trust->certificate == NULL)
    return g_strdup_printf (_("its certificate is for %s, not for %s; use a name that it has"), names, host);
  return g_strdup_printf (_("its certificate is for %s, not for %s; use a name that it has, or have its operator add "
                            "this name (virt-attest ca issue service)"),
                          names, host);
}

static char *
say_untimely (const VaClientCall *call, GTlsCertificate *certificate)
{
  g_autoptr(GDateTime) begins = g_tls_certificate_get_not_valid_before (certificate), now = g_date_time_new_now_utc ();
  g_autoptr(GDateTime) ends = g_tls_certificate_get_not_valid_after (certificate);
  gboolean early = begins != NULL && g_date_time_compare (now, begins) < 0;
  g_autofree char *then = va_client_date_text (early ? begins : ends), *here = va_client_date_text (now);

  if (early)
    return g_strdup_printf (_("its certificate is not valid before %s, but it is %s here: check the clocks of both "
                              "machines"),
                            then, here);
  if (call->trust->certificate == NULL)
    return g_strdup_printf (_("its certificate expired on %s, and it is %s here: check this clock"), then, here);
  return g_strdup_printf (_("its certificate expired on %s, and it is %s here: check this clock, or have its operator "
                            "issue a new one (virt-attest ca issue service)"),
                          then, here);
}

static gboolean
on_bad_certificate (SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags flags, gpointer data)
{
  VaClientCall *call = data;

  if (call->peer_fault != NULL)
    return FALSE;
  if ((flags & G_TLS_CERTIFICATE_UNKNOWN_CA) != 0)
    call->peer_fault = say_foreign (call, certificate);
  else if ((flags & G_TLS_CERTIFICATE_BAD_IDENTITY) != 0)
    call->peer_fault = say_misnamed (call, certificate);
  else if ((flags & (G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_NOT_ACTIVATED)) != 0)
    call->peer_fault = say_untimely (call, certificate);
  else
    call->peer_fault = g_strdup (call->trust->certificate == NULL
                                   ? _("its certificate does not verify")
                                   : _("its certificate does not verify; its operator must install another one "
                                       "(virt-attest ca issue service)"));
  return FALSE;
}

void
va_client_peer_watch (VaClientCall *call)
{
  g_signal_connect (call->message, "network-event", G_CALLBACK (on_socket_event), call);
  g_signal_connect (call->message, "accept-certificate", G_CALLBACK (on_bad_certificate), call);
  if (call->trust->certificate != NULL)
    soup_message_set_tls_client_certificate (call->message, call->trust->certificate);
}
