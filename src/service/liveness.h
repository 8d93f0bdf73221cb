/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VaLiveness: tells systemd that the service is alive, and in what state it is. Alive is: the main loop turns, and the
 * store has answered a question that was put to it since the last time, be it with an error. A database that is away
 * is no reason to be started anew; a question that never comes back is one.
 */
typedef struct _VaLiveness VaLiveness;
typedef gboolean (*VaLivenessPing) (gpointer data, GError **error);

/**
 * va_liveness_new: asks three times in each $WATCHDOG_USEC, at the most every ten seconds; in the default main
 * context. Without $NOTIFY_SOCKET it does nothing.
 * @ping: called in threads, one at a time; @data must outlive it
 */
VaLiveness *va_liveness_new (VaLivenessPing ping, gpointer data);
/** va_liveness_free: waits for a ping that is under way. */
void va_liveness_free (VaLiveness *liveness);

G_END_DECLS
