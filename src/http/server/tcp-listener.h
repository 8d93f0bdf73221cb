/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/socket.h>
#include "http/server/connection.h"

G_BEGIN_DECLS

/**
 * A listening socket, and a thread that accepts. libmicrohttpd's own threads would each take whoever is there when
 * they wake up: the first one all clients, up to its limit, and the others none.
 */
typedef struct _VaTcpListener VaTcpListener;
/** VaTakeClient: called in the listener's thread. @fd: (transfer full). Returns: FALSE: it is not taken, and closed */
typedef gboolean (*VaTakeClient) (int fd, const struct sockaddr *address, socklen_t size, gpointer user_data);

/** va_tcp_listener_open: @address: numeric; "::" for all. @port: 0: any free one. Errors: VA_CORE_ERROR, G_IO_ERROR */
VaTcpListener *va_tcp_listener_open (const char *address, guint16 port, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_tcp_listener_port: the port that it listens on, also when it was given as 0. */
guint16 va_tcp_listener_port (const VaTcpListener *listener);
/**
 * va_tcp_listener_start: accepts clients from now on, as many at once as @connections has room for; the others wait.
 * @connections, @user_data: outlive va_tcp_listener_stop()
 */
void va_tcp_listener_start (VaTcpListener *listener, VaConnections *connections, VaTakeClient take, gpointer user_data);
/** va_tcp_listener_stop: accepts no more clients; those that wait are told immediately. */
void va_tcp_listener_stop (VaTcpListener *listener);
/** va_tcp_listener_free: stops it first. %NULL is ignored. */
void va_tcp_listener_free (VaTcpListener *listener);

G_END_DECLS
