/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include "pki/revocation.h"

G_BEGIN_DECLS

/**
 * The connections of a server, each with the moment at which it must be done with what it is doing. A thread of its own
 * shuts overdue ones down: the engine's timeout starts again with every byte, so a slow client could stay for ever.
 * Where it gets crowded, whoever has not shown a certificate of the CA for longest makes room for the next one:
 * a client with many addresses and patience could otherwise lock all others out.
 */
typedef struct _VaConnections VaConnections;

/** One connection. Its identity is set in the handshake and never changes. */
typedef struct {
  VaConnections *connections;
  GList link;
  gsize order;     /* of admission */
  int fd;          /* borrowed from the engine, which closes it after va_connection_free() */
  gint64 deadline; /* monotonic, microseconds */
  guint seconds;   /* the deadline after a good handshake */
  gboolean cut;
  gboolean verified; /* the handshake's verdict, see va_connection_verified() */
  VaIdentity identity;
  VaPeerCertificate certificate;
  guint trust;          /* va_trust_generation() of the CAs that its certificate was verified under last */
  gint64 valid_until;   /* see va_connection_set_end() */
  gint64 latest;        /* the same as a deadline; 0: none */
  struct _VaWire *wire; /* the engine's part of it, see engine.h */
  gnutls_session_t session;
} VaConnection;

/** va_connections_new: @most: in all; @each: of one peer, from all its addresses */
VaConnections *va_connections_new (guint most, guint each);
/** va_connections_free: every connection must be gone. */
void va_connections_free (VaConnections *connections);
/** va_connections_wait_for_room: Returns: TRUE: there is room for one more; FALSE: since va_connections_close() */
gboolean va_connections_wait_for_room (VaConnections *connections) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_connections_admit: from now on @fd is one more, for which va_connection_new() follows, soon and maybe in another
 * order, or va_connections_dismiss().
 */
void va_connections_admit (VaConnections *connections, int fd);
void va_connections_dismiss (VaConnections *connections, int fd);
/** va_connections_close: ends every wait for room. */
void va_connections_close (VaConnections *connections);

/**
 * va_connection_set_end: in the handshake, before va_connection_verified().
 * @valid_until: when the first certificate of the client's chain ends, seconds since 1970 UTC: no deadline is
 *   much later than that
 */
void va_connection_set_end (VaConnection *connection, gint64 valid_until);
/** va_connection_new: puts @fd, which has been admitted, under a deadline @seconds from now. */
VaConnection *va_connection_new (VaConnections *connections, int fd, guint seconds);
/**
 * va_connection_verified: it belongs to the peer of its identity, and has a deadline of its @seconds from now.
 * Returns: FALSE: it has as many as one peer may have
 */
gboolean va_connection_verified (VaConnection *connection) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_connections_cut_if: ends those with a certificate of which @is_over says so. It must not wait for a connection.
 */
typedef gboolean (*VaConnectionIsOver) (const VaConnection *connection, gpointer user_data);
void va_connections_cut_if (VaConnections *connections, VaConnectionIsOver is_over, gpointer user_data);
/** va_connection_free: must come before @fd is closed. */
void va_connection_free (VaConnection *connection);
/** va_connection_set_deadline: @seconds from now. */
void va_connection_set_deadline (VaConnection *connection, guint seconds);
/** va_connection_limit: the same, if the deadline was later than that. */
void va_connection_limit (VaConnection *connection, guint seconds);

G_END_DECLS
