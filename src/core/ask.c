/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"

/* Waits for @events until @end (monotonic microseconds). */
static gboolean
wait_for_socket (int fd, short events, gint64 end, GError **error)
{
  struct pollfd one = { .fd = fd, .events = events };

  for (;;)
    {
      gint64 left = end - g_get_monotonic_time ();
      int ready = left > 0 ? poll (&one, 1, (int) MIN ((left + 999) / 1000, G_MAXINT)) : 0;

      if (ready > 0)
        return TRUE;
      if (ready < 0 && errno == EINTR)
        continue;
      if (ready == 0)
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("no answer in time"));
      else
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "poll: %s", g_strerror (errno));
      return FALSE;
    }
}

static gboolean
set_peer_error (GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "%s", g_strerror (errno));
  return FALSE;
}

static gboolean
connect_socket (int fd, const char *path, gint64 end, GError **error)
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
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN)
        return set_peer_error (error);
      /* A full backlog of a local socket cannot be polled for. */
      if (g_get_monotonic_time () >= end)
        return wait_for_socket (fd, POLLOUT, 0, error);
      g_usleep (5000);
    }
  return TRUE;
}

static gboolean
send_all (int fd, const char *data, gsize size, gint64 end, GError **error)
{
  while (size > 0)
    {
      ssize_t n;

      if (!wait_for_socket (fd, POLLOUT, end, error))
        return FALSE;
      n = send (fd, data, size, MSG_NOSIGNAL);
      if (n < 0 && errno != EINTR && errno != EAGAIN)
        return set_peer_error (error);
      data += MAX (n, 0);
      size -= (gsize) MAX (n, 0);
    }
  return shutdown (fd, SHUT_WR) == 0 || set_peer_error (error);
}

static GBytes *
receive_all (int fd, gsize max, gint64 end, GError **error)
{
  g_autoptr(GByteArray) reply = g_byte_array_new ();
  guint8 block[4096];

  for (;;)
    {
      ssize_t n;

      if (!wait_for_socket (fd, POLLIN, end, error))
        return NULL;
      n = recv (fd, block, sizeof block, 0);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n < 0)
        {
          set_peer_error (error);
          return NULL;
        }
      if (n == 0)
        return g_byte_array_free_to_bytes (g_steal_pointer (&reply));
      if ((gsize) n > max - reply->len)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("the answer is longer than %zu bytes"), max);
          return NULL;
        }
      g_byte_array_append (reply, block, (guint) n);
    }
}

GBytes *
va_ask (const char *socket_path, gconstpointer request, gsize size, guint deadline_ms, gsize max_reply, GError **error)
{
  gint64 end = g_get_monotonic_time () + (gint64) deadline_ms * 1000;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  GBytes *reply = NULL;

  if (fd < 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "socket: %s", g_strerror (errno));
      return NULL;
    }
  if (connect_socket (fd, socket_path, end, error) && send_all (fd, request, size, end, error))
    reply = receive_all (fd, max_reply, end, error);
  close (fd);
  return reply;
}
