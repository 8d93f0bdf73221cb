/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/log.h"

#include <stdio.h>

void
va_log (VaLogLevel level, const char *format, ...)
{
  static const char *const words[] = { [VA_LOG_ERROR] = "error: ", [VA_LOG_WARNING] = "WARNING: ", [VA_LOG_INFO] = "" };
  g_autofree char *message = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_strdelimit (message, "\n\r", ' ');
  line = g_getenv ("JOURNAL_STREAM") != NULL ? g_strdup_printf ("<%d>%s\n", level, message)
                                             : g_strdup_printf ("virt-attestd: %s%s\n", words[level], message);
  fputs (line, stderr);
}

void
va_log_decision (const char *call, const char *launch_id, const char *vm, const char *host, const char *code)
{
  va_log (VA_LOG_INFO, "call=%s launch=%s vm=%s host=%s verdict=%s", call, launch_id != NULL ? launch_id : "-",
          vm != NULL ? vm : "-", host != NULL ? host : "-", code);
}
