/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

/**
 * va_client_verify_server: makes @session's handshake fail unless the server's certificate verifies by the session's CAs,
 * is for @host, is valid now, and says that it is for servers (extended key usage serverAuth).
 * @host: borrowed until @session ends
 */
void va_client_verify_server (gnutls_session_t session, const char *host);
/** va_client_verify_fault: after a handshake that failed for that: a sentence without a subject. Returns: translated */
const char *va_client_verify_fault (gnutls_session_t session);

G_END_DECLS
