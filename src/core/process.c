/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/process.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"

/* Fields after the name, which itself may hold spaces and parentheses: the 20th is the start time. */
#define START_TIME_AFTER_NAME 19

/* The modular daemon first: where both are installed and their pid files lie around, it is the one in use. */
static const char *const daemons[] = { "virtqemud", "libvirtd" };

gboolean
va_process_start_time (pid_t pid, guint64 *ticks, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autoptr(GBytes) bytes = va_file_read (path, 4096, error);
  g_autofree char *text = NULL;
  g_auto(GStrv) fields = NULL;
  const char *after;

  if (bytes == NULL)
    return FALSE;
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  after = strrchr (text, ')');
  if (after != NULL && after[1] == ' ')
    fields = g_strsplit (after + 2, " ", -1);
  if (fields != NULL && g_strv_length (fields) > START_TIME_AFTER_NAME)
    return va_number_parse (fields[START_TIME_AFTER_NAME], 0, G_MAXUINT64, ticks, error);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s has an unexpected format"), path);
  return FALSE;
}

static gboolean
is_named (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", (int) pid);
  g_autofree char *comm = va_file_read_text (path, 64, NULL);

  return comm != NULL && g_str_equal (g_strchomp (comm), name);
}

/* The process that a daemon's pid file names, or 0. */
static pid_t
read_pid_file (const char *name)
{
  g_autofree char *path = g_strdup_printf ("/run/%s.pid", name);
  g_autofree char *text = va_file_read_text (path, 64, NULL);
  guint64 pid;

  return text != NULL && va_number_parse (g_strchomp (text), 1, G_MAXINT, &pid, NULL) ? (pid_t) pid : 0;
}

char *
va_process_daemon_name (pid_t pid)
{
  for (guint i = 0; i < G_N_ELEMENTS (daemons); i++)
    {
      pid_t one = pid != 0 ? pid : read_pid_file (daemons[i]);

      if (one != 0 && is_named (one, daemons[i]))
        return g_strdup (daemons[i]);
    }
  return g_strdup (_("the libvirt daemon (libvirtd or virtqemud)"));
}

gboolean
va_process_is (pid_t pid, guint64 ticks)
{
  guint64 found;

  return va_process_start_time (pid, &found, NULL) && found == ticks;
}
