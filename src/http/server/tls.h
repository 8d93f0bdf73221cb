/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>
#include "http/server/connection.h"

G_BEGIN_DECLS

/**
 * va_tls_demand_client: gives @session (before its handshake) @credentials, and makes it refuse every client whose
 * certificate is not verified by the session's CAs for TLS clients and by va_identity_from_certificate(); fills
 * @connection.
 * @credentials: must outlive @session
 * @connection: must outlive @session's handshake
 * @seconds: the connection's next deadline after a good handshake
 */
void va_tls_demand_client (gnutls_session_t session, gnutls_certificate_credentials_t credentials,
                           VaConnection *connection, guint seconds);

G_END_DECLS
