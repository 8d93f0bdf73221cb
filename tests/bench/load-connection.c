/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench/load.h"
#include "pki/tls-files.h"

#define ANSWER_MAX (256 * 1024)

static int
open_socket (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

  if (fd < 0)
    return -1;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

/* The server's certificate is not verified: it is the site's own, and the client must not be slower than the server. */
gboolean
load_open (const LoadTarget *target, LoadConnection *connection, const char **why)
{
  int status;

  *why = "no connection";
  connection->session = NULL;
  connection->fd = open_socket (target->port);
  if (connection->fd < 0)
    return FALSE;
  if (gnutls_init (&connection->session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS) < 0
      || gnutls_priority_set_direct (connection->session, VA_TLS_PRIORITY, NULL) < 0
      || gnutls_credentials_set (connection->session, GNUTLS_CRD_CERTIFICATE, target->credentials) < 0)
    g_error ("GnuTLS makes no session");
  gnutls_transport_set_int (connection->session, connection->fd);
  do
    status = gnutls_handshake (connection->session);
  while (status < 0 && !gnutls_error_is_fatal (status));
  if (status >= 0)
    return TRUE;
  *why = gnutls_strerror (status);
  load_close (connection);
  return FALSE;
}

void
load_close (LoadConnection *connection)
{
  if (connection->session != NULL)
    {
      gnutls_bye (connection->session, GNUTLS_SHUT_WR);
      gnutls_deinit (connection->session);
      connection->session = NULL;
    }
  if (connection->fd >= 0)
    close (connection->fd);
  connection->fd = -1;
}

static gboolean
send_all (LoadConnection *connection, GBytes *request)
{
  gsize size, sent = 0;
  const char *data = g_bytes_get_data (request, &size);

  while (sent < size)
    {
      ssize_t done = gnutls_record_send (connection->session, data + sent, size - sent);

      if (done < 0 && gnutls_error_is_fatal ((int) done))
        return FALSE;
      if (done > 0)
        sent += (gsize) done;
    }
  return TRUE;
}

/* How long the whole answer is, once its headers are there; 0 before. */
static gsize
answer_size (const char *text)
{
  const char *end = strstr (text, "\r\n\r\n"), *length = strcasestr (text, "\r\nContent-Length:");

  if (end == NULL || length == NULL || length > end)
    return 0;
  return (gsize) (end + 4 - text) + strtoul (length + strlen ("\r\nContent-Length:"), NULL, 10);
}

guint
load_exchange (LoadConnection *connection, GBytes *request, char **body)
{
  g_autofree char *text = g_malloc (ANSWER_MAX + 1);
  gsize used = 0, size = 0;

  if (!send_all (connection, request))
    return 0;
  while (size == 0 || used < size)
    {
      ssize_t got = gnutls_record_recv (connection->session, text + used, ANSWER_MAX - used);

      if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
        continue;
      if (got <= 0)
        return 0;
      used += (gsize) got;
      text[used] = '\0';
      size = answer_size (text);
      if (size > ANSWER_MAX)
        return 0;
    }
  if (body != NULL)
    *body = g_strdup (strstr (text, "\r\n\r\n") + 4);
  return g_str_has_prefix (text, "HTTP/1.1 ") ? (guint) strtoul (text + 9, NULL, 10) : 0;
}
