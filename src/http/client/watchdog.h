/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Limits of a call in time and bytes that hold whatever the peer does. A library that reads for as long as there is
 * something to read does not come back to its main loop, and a source of that loop is not a deadline then. Hence a
 * thread looks after the calls that are under way, and ends them at their sockets, below TLS.
 */
typedef struct _VaClientWatch VaClientWatch;

/** What the watchdog ended a call for. */
typedef enum {
  VA_CLIENT_VERDICT_NONE,
  VA_CLIENT_VERDICT_LATE,  /* the deadline */
  VA_CLIENT_VERDICT_FLOOD, /* more bytes than were allowed */
} VaClientVerdict;

/**
 * va_client_watch_begin: when a limit is passed, the call's socket is shut down both ways, from another thread; while
 * there is none, @cancellable is cancelled in @context.
 * @end: g_get_monotonic_time()
 * @max_received: bytes of TCP, the handshake's included; looked at every 50 ms, so a fast peer may send more
 * Returns: (transfer full): to va_client_watch_end()
 */
VaClientWatch *va_client_watch_begin (gint64 end, guint64 max_received, GMainContext *context,
                                      GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_watch_socket: the call is connected by @socket now, which may have received something for earlier calls;
 * what earlier sockets received for this call counts, too.
 */
void va_client_watch_socket (VaClientWatch *watch, GSocket *socket);
/** va_client_watch_end: when nothing of the call is left that could wait for its peer. */
VaClientVerdict va_client_watch_end (VaClientWatch *watch);

G_END_DECLS
