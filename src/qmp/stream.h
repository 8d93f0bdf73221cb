/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/*
 * A local stream socket whose every operation ends at a time given as g_get_monotonic_time().
 * Errors: VA_CORE_ERROR_PEER (no listener, or it hung up), _TIMEOUT, _RANGE (path), _FAILED
 */

/** va_stream_connect: a connected descriptor that the caller closes, or -1. */
int va_stream_connect (const char *path, gint64 end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_stream_peer: the process at the other end. */
gboolean va_stream_peer (int fd, pid_t *pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_stream_send: all of @data. */
gboolean va_stream_send (int fd, gconstpointer data, gsize size, gint64 end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_stream_receive: at least one byte into @data; the end of the stream is an error. Returns: how many, or 0. */
gsize va_stream_receive (int fd, gpointer data, gsize size, gint64 end, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
