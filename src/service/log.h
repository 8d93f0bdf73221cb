/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { VA_LOG_ERROR = 3, VA_LOG_WARNING = 4, VA_LOG_INFO = 6 } VaLogLevel;

/** va_log: one line to standard error, with systemd's level mark when the journal reads it. Never give it a secret. */
void va_log (VaLogLevel level, const char *format, ...) G_GNUC_PRINTF (2, 3);
/**
 * va_log_decision: the line that every decision leaves.
 * @call: "launch", "validate", "outcome"
 * @launch_id, @vm, @host: %NULL when not known; checked for their form before, since they come from a peer
 * @code: "granted", "validated", ..., or the name of the rule that refused
 */
void va_log_decision (const char *call, const char *launch_id, const char *vm, const char *host, const char *code);

G_END_DECLS
