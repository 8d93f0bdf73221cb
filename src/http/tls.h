/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>
#include "http/connection.h"

G_BEGIN_DECLS

/**
 * va_tls_demand_client: makes @session (before its handshake) refuse every client whose certificate is not verified by
 * the session's CAs for TLS clients and by va_identity_from_certificate(); fills @connection.
 * @connection: must outlive @session's handshake
 * @seconds: the connection's next deadline after a good handshake
 */
void va_tls_demand_client (gnutls_session_t session, VaConnection *connection, guint seconds);

G_END_DECLS
