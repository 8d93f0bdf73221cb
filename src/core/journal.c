/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define FIELDS_MAX 16
#define PREFIX "VIRT_ATTEST_"

static gboolean
is_journal (int fd)
{
  const char *stream = g_getenv ("JOURNAL_STREAM");
  g_autofree char *own = NULL;
  struct stat info;

  if (stream == NULL || fstat (fd, &info) != 0)
    return FALSE;
  own = g_strdup_printf ("%" PRIu64 ":%" PRIu64, (guint64) info.st_dev, (guint64) info.st_ino);
  return g_str_equal (stream, own);
}

gboolean
va_journal_is_standard_error (void)
{
  static gsize known;

  if (g_once_init_enter (&known))
    g_once_init_leave (&known, is_journal (STDERR_FILENO) ? 2 : 1);
  return known == 2;
}

static gboolean
send_entry (const char *identifier, int priority, const char *message, const VaJournalField *fields, gsize n_fields)
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  struct iovec parts[FIELDS_MAX];

  g_ptr_array_add (texts, g_strconcat ("MESSAGE=", message, NULL));
  g_ptr_array_add (texts, g_strdup_printf ("PRIORITY=%d", priority));
  g_ptr_array_add (texts, g_strconcat ("SYSLOG_IDENTIFIER=", identifier, NULL));
  for (gsize i = 0; i < n_fields && texts->len < FIELDS_MAX; i++)
    if (fields[i].value != NULL)
      g_ptr_array_add (texts, g_strconcat (fields[i].name, "=", fields[i].value, NULL));
  for (guint i = 0; i < texts->len; i++)
    parts[i] = (struct iovec){ texts->pdata[i], strlen (texts->pdata[i]) };
  return sd_journal_sendv (parts, (int) texts->len) == 0;
}

/* One write, so that lines of several threads do not mix. */
static void
print_journal_line (const char *identifier, int priority, const char *message)
{
  const char *word = priority <= 3 ? "error: " : priority == 4 ? "WARNING: " : "";
  g_autofree char *line = g_strdup_printf ("%s: %s%s\n", identifier, word, message);

  fputs (line, stderr);
}

void
va_journal_write (const char *identifier, int priority, const char *message, const VaJournalField *fields,
                  gsize n_fields)
{
  g_autofree char *line = g_strdelimit (g_strdup (message), "\n\r", ' ');

  if (!va_journal_is_standard_error () || !send_entry (identifier, priority, line, fields, n_fields))
    print_journal_line (identifier, priority, line);
}

static int
priority_of (GLogLevelFlags level)
{
  if ((level & G_LOG_LEVEL_ERROR) != 0)
    return 3;
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
    return 4;
  if ((level & G_LOG_LEVEL_MESSAGE) != 0)
    return 5;
  return (level & G_LOG_LEVEL_INFO) != 0 ? 6 : 7;
}

static GLogWriterOutput
on_glib_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer identifier)
{
  VaJournalField ours[FIELDS_MAX];
  const char *message = "", *domain = NULL;
  int priority = priority_of (level);
  gsize n_ours = 0;

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      message = fields[i].value;
    else if (g_str_equal (fields[i].key, "GLIB_DOMAIN"))
      domain = fields[i].value;
    else if (g_str_equal (fields[i].key, "PRIORITY"))
      priority = atoi (fields[i].value); /* GLib's own comes first, and says what the level does */
    else if (g_str_has_prefix (fields[i].key, PREFIX) && fields[i].length < 0 && n_ours < FIELDS_MAX)
      ours[n_ours++] = (VaJournalField){ fields[i].key, fields[i].value };
  if (!g_log_writer_default_would_drop (level, domain))
    va_journal_write (identifier, priority, message, ours, n_ours);
  return G_LOG_WRITER_HANDLED;
}

void
va_journal_take_glib (const char *identifier)
{
  g_log_set_writer_func (on_glib_log, (gpointer) identifier, NULL);
}
