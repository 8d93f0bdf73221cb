/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/identity.h"

G_BEGIN_DECLS

/**
 * VaRateLimit: how often a peer may do something: @burst times at once, and @burst times a minute. From any thread.
 */
typedef struct _VaRateLimit VaRateLimit;
/** va_rate_limit_new: for up to @burst of them. */
VaRateLimit *va_rate_limit_new (guint burst);
/**
 * va_rate_limit_take: counts one. @now: monotonic, microseconds.
 * Returns: FALSE once the limit is reached; that one is not counted
 */
gboolean va_rate_limit_take (VaRateLimit *limit, const VaIdentity *peer, gint64 now);
/** va_rate_limit_take_name: the same for what has @name, which is not a peer's. */
gboolean va_rate_limit_take_name (VaRateLimit *limit, const char *name, gint64 now);
/** va_rate_limit_is_used_up: whether va_rate_limit_take() would return FALSE; counts nothing. */
gboolean va_rate_limit_is_used_up (VaRateLimit *limit, const VaIdentity *peer, gint64 now);
void va_rate_limit_free (VaRateLimit *limit);

G_END_DECLS
