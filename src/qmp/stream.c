/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"

static gboolean
fail_stream (GError **error, const char *what)
{
  gboolean peer = errno == ENOENT || errno == ECONNREFUSED || errno == ECONNRESET || errno == EPIPE;

  g_set_error (error, VA_CORE_ERROR, peer ? VA_CORE_ERROR_PEER : VA_CORE_ERROR_FAILED, "%s: %s", what,
               g_strerror (errno));
  return FALSE;
}

static gboolean
time_out (GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("QEMU's monitor did not answer in time"));
  return FALSE;
}

static gboolean
wait_for_monitor (int fd, short events, gint64 end, GError **error)
{
  struct pollfd one = { .fd = fd, .events = events };

  for (;;)
    {
      gint64 left = end - g_get_monotonic_time ();
      int ready = left > 0 ? poll (&one, 1, (int) MIN ((left + 999) / 1000, 3600 * 1000)) : 0;

      if (ready > 0)
        return TRUE;
      if (ready < 0 && errno != EINTR)
        return fail_stream (error, "poll");
      if (ready == 0)
        return time_out (error);
    }
}

static gboolean
connect_fd (int fd, const char *path, gint64 end, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  if (strlen (path) >= sizeof address.sun_path)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("the socket's path is too long: %s"), path);
      return FALSE;
    }
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  while (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      if (errno != EAGAIN && errno != EINTR)
        return fail_stream (error, path);
      /* A full backlog of a local socket cannot be polled for. */
      if (g_get_monotonic_time () >= end)
        return time_out (error);
      g_usleep (5000);
    }
  return TRUE;
}

int
va_stream_connect (const char *path, gint64 end, GError **error)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    fail_stream (error, "socket");
  else if (!connect_fd (fd, path, end, error))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

gboolean
va_stream_peer (int fd, pid_t *pid, GError **error)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail_stream (error, "SO_PEERCRED");
  *pid = peer.pid;
  return TRUE;
}

gboolean
va_stream_send (int fd, gconstpointer data, gsize size, gint64 end, GError **error)
{
  const char *at = data;

  while (size > 0)
    {
      ssize_t n;

      if (!wait_for_monitor (fd, POLLOUT, end, error))
        return FALSE;
      n = send (fd, at, size, MSG_NOSIGNAL);
      if (n < 0 && errno != EINTR && errno != EAGAIN)
        return fail_stream (error, "send");
      at += MAX (n, 0);
      size -= (gsize) MAX (n, 0);
    }
  return TRUE;
}

gsize
va_stream_receive (int fd, gpointer data, gsize size, gint64 end, GError **error)
{
  for (;;)
    {
      ssize_t n;

      if (!wait_for_monitor (fd, POLLIN, end, error))
        return 0;
      n = recv (fd, data, size, 0);
      if (n > 0)
        return (gsize) n;
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n < 0)
        fail_stream (error, "recv");
      else
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("QEMU's monitor closed the connection"));
      return 0;
    }
}
