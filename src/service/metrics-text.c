/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/metrics-text.h"
#include <inttypes.h>

void
va_metrics_text_family (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_label_value (GString *text, const char *value)
{
  for (const char *c = value; *c != '\0'; c++)
    if (*c == '\n')
      g_string_append (text, "\\n");
    else
      {
        if (*c == '"' || *c == '\\')
          g_string_append_c (text, '\\');
        g_string_append_c (text, *c);
      }
}

/* Whole numbers as such: counters stay exact up to 2^53. */
static void
append_number (GString *text, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (value > -9007199254740992.0 && value < 9007199254740992.0 && value == (double) (gint64) value)
    g_string_append_printf (text, "%" PRId64, (gint64) value);
  else
    g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, "%.15g", value));
}

void
va_metrics_text_sample (GString *text, const char *name, double value, ...)
{
  const char *label;
  char before = '{';
  va_list labels;

  g_string_append (text, name);
  va_start (labels, value);
  while ((label = va_arg (labels, const char *)) != NULL)
    {
      g_string_append_printf (text, "%c%s=\"", before, label);
      append_label_value (text, va_arg (labels, const char *));
      g_string_append_c (text, '"');
      before = ',';
    }
  va_end (labels);
  g_string_append (text, before == ',' ? "} " : " ");
  append_number (text, value);
  g_string_append_c (text, '\n');
}

void
va_metrics_text_value (GString *text, const char *name, const char *type, const char *help, double value)
{
  va_metrics_text_family (text, name, type, help);
  va_metrics_text_sample (text, name, value, NULL);
}
