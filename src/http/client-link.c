/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-link.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "core/i18n.h"
#include "http/client-verify.h"
#include "http/x509.h"

/* Bytes of a handshake message: what a certificate with very many names costs is quadratic. */
#define HANDSHAKE_MAX 16384

G_DEFINE_QUARK (va-client-link-error-quark, va_client_link_error)

struct _VaClientLink
{
  VaClientLinkPlan plan;
  GSocketConnection *connection;
  int fd;
  gnutls_session_t session;
  guint64 received;
  gboolean established;
};

/* What an attempt to connect needs while its loop runs. */
typedef struct {
  GSocketConnection *connection;
  GError *error;
  gboolean done, late;
  GCancellable *cancellable;
} Attempt;

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Attempt *attempt = data;

  attempt->connection = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &attempt->error);
  attempt->done = TRUE;
}

static gboolean
on_deadline (gpointer data)
{
  Attempt *attempt = data;

  attempt->late = TRUE;
  g_cancellable_cancel (attempt->cancellable);
  return G_SOURCE_REMOVE;
}

/* In a main context of its own. The peer has no say in it yet, so a source of this context is a deadline that holds. */
static void
run_attempt (Attempt *attempt, const VaClientLinkPlan *plan)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSource) deadline = NULL;
  gint64 left = MAX (plan->end - g_get_monotonic_time (), 0) / 1000;

  deadline = g_timeout_source_new ((guint) MIN (left, G_MAXINT));
  g_socket_client_set_enable_proxy (client, FALSE);
  g_main_context_push_thread_default (context);
  g_source_set_callback (deadline, on_deadline, attempt, NULL);
  g_source_attach (deadline, context);
  g_socket_client_connect_to_host_async (client, plan->host, plan->port, attempt->cancellable, on_connected, attempt);
  while (!attempt->done)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (deadline);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
}

static gboolean
set_late (GError **error)
{
  g_set_error_literal (error, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_LATE, _("the deadline is over"));
  return FALSE;
}

static GSocketConnection *
connect_socket (const VaClientLinkPlan *plan, GError **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Attempt attempt = { .cancellable = cancellable };

  run_attempt (&attempt, plan);
  if (attempt.connection != NULL)
    return attempt.connection;
  if (attempt.late)
    set_late (error);
  else
    g_set_error_literal (error, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_CONNECT, attempt.error->message);
  g_clear_error (&attempt.error);
  return NULL;
}

static gboolean
is_late (const VaClientLink *link)
{
  return g_get_monotonic_time () >= link->plan.end;
}

static gboolean
is_flooded (const VaClientLink *link)
{
  return link->received > link->plan.max_received;
}

/* GnuTLS gets its bytes here. It may want many of them before it gives control back, hence the limits are kept here. */
static ssize_t
pull (gnutls_transport_ptr_t data, void *out, size_t size)
{
  VaClientLink *link = data;
  ssize_t n;

  if (is_late (link) || is_flooded (link))
    {
      errno = ETIMEDOUT;
      return -1;
    }
  n = recv (link->fd, out, size, MSG_DONTWAIT);
  if (n > 0)
    link->received += (guint64) n;
  return n;
}

static ssize_t
push (gnutls_transport_ptr_t data, const void *bytes, size_t size)
{
  const VaClientLink *link = data;

  return send (link->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Why GnuTLS gave up with @rc. */
static gboolean
fail (VaClientLink *link, int rc, GError **error)
{
  const char *reason = gnutls_strerror (rc);

  if (is_flooded (link))
    g_set_error (error, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_FLOOD,
                 _("it sent more than %" G_GUINT64_FORMAT " bytes"), link->plan.max_received);
  else if (is_late (link))
    set_late (error);
  else
    {
      if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED && gnutls_alert_get_name (gnutls_alert_get (link->session)) != NULL)
        reason = gnutls_alert_get_name (gnutls_alert_get (link->session));
      g_set_error_literal (error, VA_CLIENT_LINK_ERROR,
                           link->established ? VA_CLIENT_LINK_ERROR_CLOSED : VA_CLIENT_LINK_ERROR_PEER, reason);
    }
  return FALSE;
}

/* Waits for the socket after GnuTLS returned @rc. FALSE: @rc is final, or there is no time left. */
static gboolean
wait_after (VaClientLink *link, int rc, GError **error)
{
  struct pollfd one = { .fd = link->fd, .events = gnutls_record_get_direction (link->session) ? POLLOUT : POLLIN };
  gint64 left = (link->plan.end - g_get_monotonic_time () + 999) / 1000;

  if (gnutls_error_is_fatal (rc) || left <= 0)
    return fail (link, rc, error);
  if (rc == GNUTLS_E_AGAIN)
    poll (&one, 1, (int) MIN (left, G_MAXINT));
  return TRUE;
}

static gboolean
shake_hands (VaClientLink *link, GError **error)
{
  int rc;

  while ((rc = gnutls_handshake (link->session)) < 0)
    if (rc == GNUTLS_E_CERTIFICATE_ERROR || rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
      {
        g_set_error_literal (error, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_PEER,
                             va_client_verify_fault (link->session));
        return FALSE;
      }
    else if (!wait_after (link, rc, error))
      return FALSE;
  link->established = TRUE;
  return TRUE;
}

static gboolean
set_up_session (VaClientLink *link, VaClientTrust *trust, GError **error)
{
  int rc = gnutls_init (&link->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS
                                        | GNUTLS_FORCE_CLIENT_CERT);

  if (rc >= 0)
    rc = gnutls_priority_set (link->session, trust->priority);
  if (rc >= 0)
    rc = gnutls_credentials_set (link->session, GNUTLS_CRD_CERTIFICATE, trust->credentials);
  if (rc >= 0 && !g_hostname_is_ip_address (link->plan.host))
    rc = gnutls_server_name_set (link->session, GNUTLS_NAME_DNS, link->plan.host, strlen (link->plan.host));
  if (rc < 0)
    return fail (link, rc, error);
  gnutls_handshake_set_max_packet_length (link->session, HANDSHAKE_MAX);
  va_client_verify_server (link->session, link->plan.host);
  gnutls_transport_set_ptr (link->session, link);
  gnutls_transport_set_pull_function (link->session, pull);
  gnutls_transport_set_push_function (link->session, push);
  return TRUE;
}

VaClientLink *
va_client_link_open (const VaClientLinkPlan *plan, VaClientTrust *trust, GError **error)
{
  g_autoptr(VaClientLink) link = g_new0 (VaClientLink, 1);

  link->plan = *plan;
  link->connection = connect_socket (plan, error);
  if (link->connection == NULL)
    return NULL;
  link->fd = g_socket_get_fd (g_socket_connection_get_socket (link->connection));
  return set_up_session (link, trust, error) && shake_hands (link, error) ? g_steal_pointer (&link) : NULL;
}

gboolean
va_client_link_send (VaClientLink *link, gconstpointer data, gsize size, GError **error)
{
  const guint8 *from = data;

  while (size > 0)
    {
      ssize_t n = gnutls_record_send (link->session, from, size);

      if (n < 0 && !wait_after (link, (int) n, error))
        return FALSE;
      if (n > 0)
        {
          from += n;
          size -= (gsize) n;
        }
    }
  return TRUE;
}

gssize
va_client_link_receive (VaClientLink *link, gpointer out, gsize size, GError **error)
{
  ssize_t n;

  while ((n = gnutls_record_recv (link->session, out, size)) < 0)
    if (!wait_after (link, (int) n, error))
      return -1;
  return n;
}

void
va_client_link_close (VaClientLink *link)
{
  if (link->established && !is_late (link))
    gnutls_bye (link->session, GNUTLS_SHUT_WR); /* once: who does not take it does without */
  if (link->session != NULL)
    gnutls_deinit (link->session);
  g_clear_object (&link->connection);
  g_free (link);
}
