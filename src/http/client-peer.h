/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client-call.h"

G_BEGIN_DECLS

/**
 * va_client_peer_watch: looks at the connection of the call's message as it is made: hands its socket to the watchdog,
 * and cancels a call whose peer's certificate or version of TLS will not do (peer_fault).
 */
void va_client_peer_watch (VaClientCall *call);

G_END_DECLS
