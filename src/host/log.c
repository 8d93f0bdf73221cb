/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/log.h"

#include <inttypes.h>

static gsize
add_log_field (GLogField *fields, gsize count, const char *name, const char *value)
{
  if (value == NULL)
    return count;
  fields[count] = (GLogField){ name, value, -1 };
  return count + 1;
}

void
va_host_log (const VaHostSubject *subject, const char *format, ...)
{
  GLogField fields[8];
  gsize count = 0;
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  count = add_log_field (fields, count, "MESSAGE", message);
  count = add_log_field (fields, count, "PRIORITY", "5");
  count = add_log_field (fields, count, "VIRT_ATTEST_CALL", subject->call);
  count = add_log_field (fields, count, "VIRT_ATTEST_REQUEST", subject->request);
  count = add_log_field (fields, count, "VIRT_ATTEST_LAUNCH", subject->launch_id);
  count = add_log_field (fields, count, "VIRT_ATTEST_VM", subject->vm);
  count = add_log_field (fields, count, "VIRT_ATTEST_VERDICT", subject->verdict);
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields, count);
}

void
va_host_trace (const char *part, gint64 began)
{
  g_log ("virt-attest", G_LOG_LEVEL_DEBUG, "took %" PRId64 " us: %s", g_get_monotonic_time () - began, part);
}
