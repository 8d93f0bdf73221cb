/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include "http/server/connection.h"

G_BEGIN_DECLS

/** What lies between libmicrohttpd's answers and the socket: GnuTLS's records. */

/**
 * va_transport_begin: from now on what @session sends goes through here. An answer that libmicrohttpd makes itself, in
 * HTML, to what it cannot read as a request, is not sent: its connection ends.
 * @connection: must outlive @session
 */
void va_transport_begin (gnutls_session_t session, VaConnection *connection, struct MHD_Connection *mhd);
/**
 * va_transport_cork: keeps back what is sent until va_transport_uncork(): libmicrohttpd sends the headers and the body
 * one after the other; both in one record cost its receiver and us half.
 */
void va_transport_cork (struct MHD_Connection *mhd);
/** va_transport_uncork: sends it. @connection: %NULL: it is gone */
void va_transport_uncork (struct MHD_Connection *mhd, const VaConnection *connection);

G_END_DECLS
