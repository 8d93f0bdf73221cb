/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/watch.h"

#include <glib-unix.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/process.h"

typedef struct {
  int fd;
  VaWatchEnded ended;
  gpointer data;
  GDestroyNotify free_data;
} Watch;

/* A descriptor that names the process for good; -1 when it is not there. The start time is read after the descriptor
   is open, so a pid that is used again in between is noticed. */
static int
open_process (pid_t pid, guint64 start)
{
  int fd = (int) syscall (SYS_pidfd_open, pid, 0);

  if (fd >= 0 && !va_process_is (pid, start))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

gboolean
va_process_ended (pid_t pid, guint64 start)
{
  int fd = open_process (pid, start);
  struct pollfd one = { .fd = fd, .events = POLLIN };
  gboolean ended;

  if (fd < 0)
    return TRUE;
  ended = poll (&one, 1, 0) > 0;
  close (fd);
  return ended;
}

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  close (watch->fd);
  watch->free_data (watch->data);
  g_free (watch);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  Watch *watch = data;

  watch->ended (watch->data);
  return G_SOURCE_REMOVE;
}

GSource *
va_watch_process (pid_t pid, guint64 start, VaWatchEnded ended, gpointer data, GDestroyNotify free_data)
{
  int fd = open_process (pid, start);
  GSource *source;
  Watch *watch;

  if (fd < 0)
    {
      free_data (data);
      return NULL;
    }
  watch = g_new0 (Watch, 1);
  *watch = (Watch){ fd, ended, data, free_data };
  source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), watch, watch_free);
  g_source_attach (source, NULL);
  return source;
}
