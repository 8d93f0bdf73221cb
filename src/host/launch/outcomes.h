/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/launch/launches.h"

G_BEGIN_DECLS

/**
 * Tells the service how launches went, in a thread of its own, until it has heard it; what is owed is in the launches'
 * records, so nothing is lost by a restart.
 */
typedef struct _VaOutcomes VaOutcomes;

/** va_outcomes_new: @launches, @client outlive the result. */
VaOutcomes *va_outcomes_new (VaLaunches *launches, VaClient *client);
/** va_outcomes_wake: there is something new to tell. From any thread; does not block. */
void va_outcomes_wake (VaOutcomes *outcomes);
/**
 * va_outcomes_stop: tells the service nothing more.
 * @end: g_get_monotonic_time() until which it waits for a call that is under way
 * Returns: FALSE: the call still runs, and uses @outcomes
 */
gboolean va_outcomes_stop (VaOutcomes *outcomes, gint64 end) G_GNUC_WARN_UNUSED_RESULT;
/** va_outcomes_free: waits for a call that is under way. */
void va_outcomes_free (VaOutcomes *outcomes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaOutcomes, va_outcomes_free)

G_END_DECLS
