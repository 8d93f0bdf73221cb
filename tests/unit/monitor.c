/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "monitor.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GREETING \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
  "\"capabilities\": [\"oob\"]}}\r\n"

struct _Monitor {
  char *path, *greeting;
  MonitorAnswer answer;
  gpointer data;
  int listener;
  int stop[2];
  GThread *thread;
};

static gboolean
readable (Monitor *monitor, int fd)
{
  struct pollfd both[2] = { { .fd = fd, .events = POLLIN }, { .fd = monitor->stop[0], .events = POLLIN } };

  while (poll (both, 2, -1) < 0)
    ;
  return both[1].revents == 0;
}

static gboolean
send_text (int fd, const char *text)
{
  return send (fd, text, strlen (text), MSG_NOSIGNAL) == (ssize_t) strlen (text);
}

static gboolean
answer_line (Monitor *monitor, int fd, const char *line)
{
  g_autoptr(JsonObject) command = va_json_parse (line, strlen (line), NULL);
  g_autofree char *id = NULL, *text = NULL, *filled = NULL;
  g_auto(GStrv) parts = NULL;

  g_assert_nonnull (command);
  text = monitor->answer (json_object_get_string_member (command, "execute"),
                          json_object_has_member (command, "arguments")
                            ? json_object_get_object_member (command, "arguments")
                            : NULL,
                          monitor->data);
  if (text == NULL)
    return FALSE;
  id = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (command, "id"));
  parts = g_strsplit (text, "@ID", -1);
  filled = g_strjoinv (id, parts);
  return send_text (fd, filled);
}

static void
serve (Monitor *monitor, int fd)
{
  g_autoptr(GString) buffer = g_string_new (NULL);
  char block[4096];

  if (!send_text (fd, monitor->greeting))
    return;
  while (readable (monitor, fd))
    {
      ssize_t n = recv (fd, block, sizeof block, 0);
      char *end;

      if (n <= 0)
        return;
      g_string_append_len (buffer, block, n);
      while ((end = strchr (buffer->str, '\n')) != NULL)
        {
          g_autofree char *line = g_strndup (buffer->str, (gsize) (end - buffer->str));

          g_string_erase (buffer, 0, end - buffer->str + 1);
          if (!answer_line (monitor, fd, line))
            return;
        }
    }
}

static gpointer
run (gpointer data)
{
  Monitor *monitor = data;

  while (readable (monitor, monitor->listener))
    {
      int fd = accept (monitor->listener, NULL, NULL);

      if (fd < 0)
        continue;
      serve (monitor, fd);
      close (fd);
    }
  return NULL;
}

Monitor *
monitor_new (const char *path, const char *greeting, MonitorAnswer answer, gpointer data)
{
  Monitor *monitor = g_new0 (Monitor, 1);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  monitor->path = g_strdup (path);
  monitor->greeting = g_strdup (greeting != NULL ? greeting : GREETING);
  monitor->answer = answer;
  monitor->data = data;
  g_assert_cmpuint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <, sizeof address.sun_path);
  monitor->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (monitor->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (monitor->listener, 1), ==, 0);
  g_assert_cmpint (pipe (monitor->stop), ==, 0);
  monitor->thread = g_thread_new ("monitor", run, monitor);
  return monitor;
}

void
monitor_stop (Monitor *monitor)
{
  g_assert_cmpint (write (monitor->stop[1], "x", 1), ==, 1);
  g_thread_join (monitor->thread);
  unlink (monitor->path);
  close (monitor->listener);
  close (monitor->stop[0]);
  close (monitor->stop[1]);
  g_free (monitor->path);
  g_free (monitor->greeting);
  g_free (monitor);
}
