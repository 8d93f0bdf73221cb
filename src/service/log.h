/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/journal.h"

G_BEGIN_DECLS

#define VA_LOG_IDENTIFIER "virt-attestd"

typedef enum { VA_LOG_ERROR = 3, VA_LOG_WARNING = 4, VA_LOG_INFO = 6 } VaLogLevel;

/** va_log: one entry of the log, see core/journal.h. Never give it a secret. */
void va_log (VaLogLevel level, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
