/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/host-check.h"

static void set_words (VaFinding *finding, const char *format, va_list args) G_GNUC_PRINTF (2, 0);
static void
set_words (VaFinding *finding, const char *format, va_list args)
{
  g_free (finding->words);
  finding->words = g_strdup_vprintf (format, args);
}

#define SET_WORDS(finding, is_ok, is_warning) \
  do \
    { \
      va_list args; \
      va_start (args, format); \
      set_words (finding, format, args); \
      va_end (args); \
      (finding)->ok = is_ok; \
      (finding)->warns = is_warning; \
    } \
  while (0)

void
va_finding_ok (VaFinding *finding, const char *format, ...)
{
  SET_WORDS (finding, TRUE, FALSE);
}

void
va_finding_warn (VaFinding *finding, const char *format, ...)
{
  SET_WORDS (finding, TRUE, TRUE);
}

void
va_finding_fix (VaFinding *finding, const char *format, ...)
{
  SET_WORDS (finding, FALSE, FALSE);
}
