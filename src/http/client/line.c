/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/line.h"

#include <errno.h>
#include <sys/socket.h>

/* A connection is made anew after this time, and its peer's certificate verified again with it. */
#define AGE_SECONDS 300

VaClientLine *
va_client_line_new (void)
{
  VaClientLine *line = g_new0 (VaClientLine, 1);

  line->context = g_main_context_new ();
  return line;
}

void
va_client_line_free (VaClientLine *line)
{
  va_client_line_cut (line);
  g_main_context_unref (line->context);
  g_free (line);
}

/* Calls may come from any thread, and a session belongs to one. Only its connection is kept in it. */
static SoupSession *
make_soup_session (const VaClientTrust *trust)
{
  SoupSession *session =
    soup_session_new_with_options ("user-agent", PACKAGE_NAME "/" PACKAGE_VERSION, "timeout", 0, "max-conns", 1, NULL);

  soup_session_set_tls_database (session, trust->authorities);
  soup_session_set_proxy_resolver (session, NULL);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

/* What comes between an answer and the next request is the peer's end, or nothing that may be taken for an answer. */
static gboolean
is_quiet_line (GSocket *socket)
{
  char byte;

  return !g_socket_is_closed (socket) && recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0
         && errno == EAGAIN;
}

static gboolean
may_be_used (const VaClientLine *line, const VaClientTrust *trust)
{
  gint64 now = g_get_monotonic_time (), today = g_get_real_time () / G_USEC_PER_SEC;

  return line->socket != NULL && line->trust == trust && now - line->last_used < VA_CLIENT_IDLE_SECONDS * G_USEC_PER_SEC
         && now - line->connected < AGE_SECONDS * G_USEC_PER_SEC && today < line->peer_ends && today >= trust->begins
         && today < trust->ends && is_quiet_line (line->socket);
}

gboolean
va_client_line_prepare (VaClientLine *line, VaClientTrust *trust)
{
  if (line->session != NULL && may_be_used (line, trust))
    return TRUE;
  va_client_line_cut (line);
  line->trust = va_client_trust_ref (trust);
  line->session = make_soup_session (trust);
  return FALSE;
}

void
va_client_line_connected (VaClientLine *line, GSocket *socket)
{
  g_set_object (&line->socket, socket);
  line->connected = g_get_monotonic_time ();
  line->peer_ends = 0;
}

void
va_client_line_drop (VaClientLine *line)
{
  g_clear_object (&line->socket);
  g_clear_pointer (&line->trust, va_client_trust_unref);
  if (line->session == NULL)
    return;
  soup_session_abort (line->session);
  g_clear_object (&line->session);
  while (g_main_context_iteration (line->context, FALSE))
    ;
}

void
va_client_line_cut (VaClientLine *line)
{
  if (line->socket != NULL && !g_socket_is_closed (line->socket))
    g_socket_shutdown (line->socket, TRUE, TRUE, NULL);
  va_client_line_drop (line);
}
