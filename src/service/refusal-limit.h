/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/identity.h"

G_BEGIN_DECLS

/** VaLimit: how often a peer may do something: @burst times at once, and @burst times a minute. From any thread. */
typedef struct _VaLimit VaLimit;
VaLimit *va_limit_new (guint burst);
/** va_limit_take: counts one. @now: monotonic, microseconds. Returns: FALSE when it is one too many, which counts not. */
gboolean va_limit_take (VaLimit *limit, const VaIdentity *peer, gint64 now);
/** va_limit_take_name: the same for whatever has @name, which is no peer's. */
gboolean va_limit_take_name (VaLimit *limit, const char *name, gint64 now);
/** va_limit_is_used_up: whether va_limit_take() would return FALSE; counts nothing. */
gboolean va_limit_is_used_up (VaLimit *limit, const VaIdentity *peer, gint64 now);
void va_limit_free (VaLimit *limit);

G_END_DECLS
