/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

/** Who calls, and whom. */
typedef struct {
  guint16 port; /* of 127.0.0.1 */
  gnutls_certificate_credentials_t credentials;
} LoadTarget;

/** One TLS connection. */
typedef struct {
  int fd;
  gnutls_session_t session;
} LoadConnection;

/** load_open: connects and shakes hands. FALSE with @why: a static text. */
gboolean load_open (const LoadTarget *target, LoadConnection *connection, const char **why);
void load_close (LoadConnection *connection);
/**
 * load_exchange: sends a whole request, and reads the whole answer.
 * @body: (out) (optional): the answer's body, to be freed
 * Returns: the answer's status; 0 when the connection ended, or gave no HTTP with a Content-Length
 */
guint load_exchange (LoadConnection *connection, GBytes *request, char **body);

G_END_DECLS
