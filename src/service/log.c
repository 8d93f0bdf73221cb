/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/log.h"

void
va_log (VaLogLevel level, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  va_journal_write (VA_LOG_IDENTIFIER, level, message, NULL, 0);
}
