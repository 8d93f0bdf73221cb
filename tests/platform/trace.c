/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static guint
count_call (const char *command)
{
  static GMutex lock;
  static GHashTable *calls;
  guint count;

  g_mutex_lock (&lock);
  if (calls == NULL)
    calls = g_hash_table_new (g_str_hash, g_str_equal);
  count = GPOINTER_TO_UINT (g_hash_table_lookup (calls, command)) + 1;
  g_hash_table_insert (calls, (gpointer) g_intern_string (command), GUINT_TO_POINTER (count));
  g_mutex_unlock (&lock);
  return count;
}

static int
fault_of_line (char *line, const char *command, guint call)
{
  g_auto(GStrv) words = NULL;
  guint64 fault, nth = call;
  guint count;

  g_strstrip (line);
  words = g_strsplit_set (line, " \t", -1);
  count = g_strv_length (words);
  if (count < 2 || count > 3 || line[0] == '#' || strcmp (words[0], command) != 0
      || !g_ascii_string_to_unsigned (words[1], 10, 1, 0xffff, &fault, NULL)
      || (count == 3 && !g_ascii_string_to_unsigned (words[2], 10, 1, G_MAXUINT32, &nth, NULL)))
    return 0;
  return nth == call ? (int) fault : 0;
}

int
va_fault_next (const char *folder, const char *command)
{
  g_autofree char *path = g_build_filename (folder, "fault", NULL);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  guint call = count_call (command);
  int fault = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL && fault == 0; line++)
    fault = fault_of_line (*line, command, call);
  return fault;
}

void
va_trace (const char *folder, const char *command, int fw_error)
{
  g_autofree char *path = g_build_filename (folder, "log", NULL);
  g_autofree char *line = g_strdup_printf ("%d %s %d\n", (int) getpid (), command, fw_error);
  int fd = open (path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0)
    return;
  if (write (fd, line, strlen (line)) < 0)
    g_debug ("%s cannot be written", path);
  close (fd);
}
