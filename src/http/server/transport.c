/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "http/server/engine.h"

static ssize_t
push_parts (gnutls_transport_ptr_t data, const giovec_t *parts, int count)
{
  VaConnection *connection = data;
  struct msghdr message = { .msg_iov = (struct iovec *) parts, .msg_iovlen = (size_t) count };

  if (va_wire_has_foreign_answer (connection->wire))
    {
      g_debug ("a connection ends: what came on it cannot be read as a request");
      shutdown (connection->fd, SHUT_RDWR);
      errno = EPIPE;
      return -1;
    }
  return sendmsg (connection->fd, &message, MSG_NOSIGNAL);
}

void
va_transport_begin (VaConnection *connection)
{
  /* Receiving stays with GnuTLS's own function, which takes the descriptor itself. */
  gnutls_transport_set_ptr2 (connection->session, GINT_TO_POINTER (connection->fd), connection);
  gnutls_transport_set_vec_push_function (connection->session, push_parts);
}

void
va_transport_cork (const VaConnection *connection)
{
  gnutls_record_cork (connection->session);
}

void
va_transport_uncork (const VaConnection *connection)
{
  const int on = 1;

  /* There is room for this much, unless the peer leaves many answers unread; then nobody would try again. */
  if (gnutls_record_uncork (connection->session, 0) < 0)
    shutdown (connection->fd, SHUT_RDWR);
  /* libmicrohttpd sets TCP_CORK for good, and pushes in this way. */
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
