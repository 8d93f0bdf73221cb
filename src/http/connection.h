/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "http/revocation.h"

G_BEGIN_DECLS

/**
 * The connections of a server, each with the moment at which it must be done with what it is doing. A thread of its own
 * shuts overdue ones down: libmicrohttpd's timeout starts anew with every byte, so a slow client could stay for ever.
 * Where it gets crowded, whoever has not shown a certificate of the CA for longest makes room for the next one: somebody
 * with many addresses and patience could otherwise keep everybody out.
 */
typedef struct _VaConnections VaConnections;

/** One connection. Its identity is set in the handshake and never changes. */
typedef struct {
  VaConnections *connections;
  GList link;
  int fd;            /* borrowed from libmicrohttpd, which closes it after va_connection_free() */
  gint64 deadline;   /* monotonic, microseconds */
  guint seconds;     /* the deadline after a good handshake */
  gboolean cut;
  GThread *thread;   /* of libmicrohttpd, which serves it from the first to the last byte */
  gboolean verified; /* the handshake's verdict */
  VaIdentity identity;
  VaCertificateId certificate;
  gint64 valid_until; /* of the client's certificate, seconds since 1970 UTC */
} VaConnection;

/** va_connections_new: @room: connections that each of libmicrohttpd's threads can have at once */
VaConnections *va_connections_new (guint room);
/** va_connections_free: every connection must be gone. */
void va_connections_free (VaConnections *connections);
/** va_connections_count: how many there are now. */
guint va_connections_count (VaConnections *connections);

/** va_connection_new: puts @fd under a deadline @seconds from now. From the thread that will serve it. */
VaConnection *va_connection_new (VaConnections *connections, int fd, guint seconds);
/** va_connection_free: must come before @fd is closed. */
void va_connection_free (VaConnection *connection);
/** va_connection_set_deadline: @seconds from now. */
void va_connection_set_deadline (VaConnection *connection, guint seconds);
/** va_connection_limit: the same, if the deadline was later than that. */
void va_connection_limit (VaConnection *connection, guint seconds);

G_END_DECLS
