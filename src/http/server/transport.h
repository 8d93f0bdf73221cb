/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/connection.h"

G_BEGIN_DECLS

/** What lies between the engine's answers and the socket: GnuTLS's records. */

/**
 * va_transport_begin: from now on what @connection's session sends goes through here. An answer that the engine makes
 * itself, in HTML, to what it cannot read as a request, is not sent: its connection ends.
 * @connection: must outlive its session
 */
void va_transport_begin (VaConnection *connection);
/**
 * va_transport_cork: keeps back what is sent until va_transport_uncork(): the engine sends the headers and the body one
 * after the other; both in one record cost its receiver and us half.
 */
void va_transport_cork (const VaConnection *connection);
/** va_transport_uncork: sends it. */
void va_transport_uncork (const VaConnection *connection);

G_END_DECLS
