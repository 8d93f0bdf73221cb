/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "http/client-trust.h"

G_BEGIN_DECLS

/** What went wrong with a link. Messages are for the sentence "cannot reach the service at URL: MESSAGE". */
typedef enum {
  VA_CLIENT_LINK_ERROR_CONNECT, /* name look-up or TCP; nothing was sent, so it can be tried again */
  VA_CLIENT_LINK_ERROR_LATE,    /* the deadline */
  VA_CLIENT_LINK_ERROR_PEER,    /* no TLS with this server: its certificate, its versions */
  VA_CLIENT_LINK_ERROR_CLOSED,  /* the server closed or broke the connection, after the handshake */
  VA_CLIENT_LINK_ERROR_FLOOD,   /* more bytes than were allowed */
} VaClientLinkError;
#define VA_CLIENT_LINK_ERROR (va_client_link_error_quark ())
GQuark va_client_link_error_quark (void);

/**
 * A TLS connection for one call. Time and bytes are limited below TLS, at the socket, so that no peer can pass the limits
 * whatever it sends: records that carry nothing, session tickets, half messages. For one thread.
 */
typedef struct _VaClientLink VaClientLink;

/** Where to and how much. Strings are borrowed until the link is closed. */
typedef struct {
  const char *host;     /* a name or an address */
  guint16 port;
  gint64 end;           /* g_get_monotonic_time() */
  guint64 max_received; /* bytes of TLS, the handshake's included */
} VaClientLinkPlan;

/**
 * va_client_link_open: looks the name up, connects, shakes hands and verifies the server.
 * Errors: VA_CLIENT_LINK_ERROR
 */
VaClientLink *va_client_link_open (const VaClientLinkPlan *plan, VaClientTrust *trust, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_client_link_send: all of it. Errors: VA_CLIENT_LINK_ERROR */
gboolean va_client_link_send (VaClientLink *link, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_link_receive: at least one byte, at most @size.
 * Returns: how many; 0: the server has ended the connection properly; -1: @error
 * Errors: VA_CLIENT_LINK_ERROR
 */
gssize va_client_link_receive (VaClientLink *link, gpointer out, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_client_link_close (VaClientLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaClientLink, va_client_link_close)

G_END_DECLS
