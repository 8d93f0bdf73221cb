/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Threads for work that may block, a bounded number of them. */
typedef struct _VaWork VaWork;
typedef void (*VaWorkFunc) (gpointer data);

/** va_work_new: @threads: at most so many run at the same time. */
VaWork *va_work_new (guint threads);
/** va_work_push: has @func called with @data in one of the threads, and @free_data after it. From any thread. */
void va_work_push (VaWork *work, VaWorkFunc func, gpointer data, GDestroyNotify free_data);
/** va_work_waiting: how many pieces of work no thread has taken up yet. */
guint va_work_waiting (VaWork *work);
/**
 * va_work_stop: what is pushed from now on is dropped (its @free_data is called); waits for the rest.
 * @end: g_get_monotonic_time() until which it waits
 * Returns: FALSE: something still runs, and uses @work
 */
gboolean va_work_stop (VaWork *work, gint64 end) G_GNUC_WARN_UNUSED_RESULT;
/** va_work_free: waits for what was pushed. */
void va_work_free (VaWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaWork, va_work_free)

G_END_DECLS
