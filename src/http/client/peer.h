/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client/call.h"

G_BEGIN_DECLS

/**
 * va_client_peer_watch: looks at the connection of the call's message as it is made: hands its socket to the watchdog,
 * and cancels a call whose peer's certificate or version of TLS will not do (peer_fault).
 */
void va_client_peer_watch (VaClientCall *call);
/** va_client_peer_is_connected: whether a TLS connection of the call exists still, perhaps in a thread of GIO's. */
gboolean va_client_peer_is_connected (VaClientCall *call);
/** va_client_peer_clear: the call no longer asks after its connections. */
void va_client_peer_clear (VaClientCall *call);

G_END_DECLS
