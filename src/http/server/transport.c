/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static gnutls_session_t
session_of (struct MHD_Connection *mhd)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

  return info != NULL ? info->tls_session : NULL;
}

/* Whether libmicrohttpd has an answer under way that is none of ours. */
static gboolean
has_foreign_answer (const VaConnection *connection)
{
  return !connection->answering && MHD_get_connection_info (connection->mhd, MHD_CONNECTION_INFO_HTTP_STATUS) != NULL;
}

static ssize_t
push_parts (gnutls_transport_ptr_t data, const giovec_t *parts, int count)
{
  VaConnection *connection = data;
  struct msghdr message = { .msg_iov = (struct iovec *) parts, .msg_iovlen = (size_t) count };

  if (has_foreign_answer (connection))
    {
      g_debug ("a connection ends: what came on it cannot be read as a request");
      shutdown (connection->fd, SHUT_RDWR);
      errno = EPIPE;
      return -1;
    }
  return sendmsg (connection->fd, &message, MSG_NOSIGNAL);
}

void
va_transport_begin (gnutls_session_t session, VaConnection *connection, struct MHD_Connection *mhd)
{
  connection->mhd = mhd;
  /* Receiving stays with GnuTLS's own function, which takes the descriptor itself. */
  gnutls_transport_set_ptr2 (session, GINT_TO_POINTER (connection->fd), connection);
  gnutls_transport_set_vec_push_function (session, push_parts);
}

void
va_transport_cork (struct MHD_Connection *mhd)
{
  gnutls_record_cork (session_of (mhd));
}

void
va_transport_uncork (struct MHD_Connection *mhd, const VaConnection *connection)
{
  const int on = 1;

  if (connection == NULL)
    return;
  /* There is room for this much, unless the peer leaves many answers unread; then nobody would try again. */
  if (gnutls_record_uncork (session_of (mhd), 0) < 0)
    shutdown (connection->fd, SHUT_RDWR);
  /* libmicrohttpd sets TCP_CORK for good, and pushes in this way. */
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
