/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * va_process_ended: whether process @pid that began at @start has ended. A dead one that was not waited for
 * counts as ended, although /proc still lists it.
 */
gboolean va_process_ended (pid_t pid, guint64 start);

/** Called once, from the thread of the default main context. */
typedef void (*VaWatchEnded) (gpointer data);

/**
 * va_watch_process: calls @ended when process @pid is over; at once if it is already. May be called from any thread.
 * @free_data: called after @ended, or when the watch is destroyed
 * Returns: (transfer full): the watch, for g_source_destroy(); %NULL when the process is not there (or is another one):
 *   @ended is not called then, @free_data is
 */
GSource *va_watch_process (pid_t pid, guint64 start, VaWatchEnded ended, gpointer data, GDestroyNotify free_data)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
