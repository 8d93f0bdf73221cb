/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_ask: one bounded question over a local stream socket. Sends @request, ends its side, and reads the answer up to
 * the end of the stream. An answer cut short by a dying peer looks complete here, so its form must show its end.
 * @socket_path: less than 108 bytes
 * @deadline_ms: for connecting, sending and answering together
 * @max_reply: most bytes that are taken
 * Returns: (transfer full): the answer, or %NULL with @error set
 * Errors: VA_CORE_ERROR_PEER (no listener, or it hung up), _TIMEOUT, _RANGE (a longer answer), _FAILED
 */
GBytes *va_ask (const char *socket_path, gconstpointer request, gsize size, guint deadline_ms, gsize max_reply,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
