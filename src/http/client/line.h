/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>
#include "http/client/trust.h"

G_BEGIN_DECLS

/**
 * A main context and a session with at most one connection: what a call runs on, and what may be kept for the next one.
 * It belongs to one thread, because libsoup gives a connection to the thread that made it only.
 */
typedef struct {
  GMainContext *context;
  SoupSession *session;        /* %NULL: none */
  GSocket *socket;             /* the connection's; %NULL: there is none */
  VaClientTrust *trust;        /* what the session was made with */
  gint64 connected, last_used; /* g_get_monotonic_time() */
  gint64 peer_ends;            /* when the peer's certificate ends, seconds since 1970 */
} VaClientLine;

/** For how long a connection is kept that nobody uses: less than the service's timeout-seconds is by default. */
#define VA_CLIENT_IDLE_SECONDS 12

/** va_client_line_new: without a connection. Returns: (transfer full). */
VaClientLine *va_client_line_new (void);
/** va_client_line_free: from the thread that has used it. */
void va_client_line_free (VaClientLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaClientLine, va_client_line_free)

/**
 * va_client_line_prepare: gives @line a session for @trust. A connection stays only if the same @trust made it, no
 * certificate has ended, it is neither old nor was it idle for long, and its peer has neither closed it nor sent
 * anything since the last answer.
 * Returns: whether there is a connection
 */
gboolean va_client_line_prepare (VaClientLine *line, VaClientTrust *trust);
/** va_client_line_connected: the session has connected by @socket. */
void va_client_line_connected (VaClientLine *line, GSocket *socket);
/** va_client_line_drop: ends session and connection. TLS's goodbye is sent to the peer, so this is for calls that a
 * watchdog looks after: a peer that does not read can delay it. */
void va_client_line_drop (VaClientLine *line);
/** va_client_line_cut: ends both at once, at the socket. */
void va_client_line_cut (VaClientLine *line);

G_END_DECLS
