/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/tcp-listener.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"

#define BACKLOG 1024    /* at the most; the kernel's net.core.somaxconn may be less */
#define SHORTAGE_MS 100 /* without files or memory nothing is gained by trying again at once */

struct _VaTcpListener {
  int fd, stop;
  guint16 port;
  VaConnections *connections;
  VaTakeClient take;
  gpointer user_data;
  GThread *thread;
};

static gboolean
fail_listening (GError **error, const char *address, guint16 port)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot listen on %s port %u: %s"), address, port,
                       g_strerror (errno));
}

static gboolean
open_socket (VaTcpListener *listener, const char *text, guint16 port, GError **error)
{
  g_autoptr(GInetAddress) address = g_inet_address_new_from_string (text);
  g_autoptr(GSocketAddress) full = NULL;
  g_autoptr(GSocketAddress) real = NULL;
  struct sockaddr_storage native;
  socklen_t size = sizeof native;
  int on = 1, off = 0, family;

  if (address == NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s” is not a numeric address to listen on"), text);
      return FALSE;
    }
  full = g_inet_socket_address_new (address, port);
  if (!g_socket_address_to_native (full, &native, sizeof native, error))
    return FALSE;
  family = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 ? AF_INET6 : AF_INET;
  listener->stop = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  listener->fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->stop < 0 || listener->fd < 0 || setsockopt (listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
      || (family == AF_INET6 && setsockopt (listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
      || bind (listener->fd, (struct sockaddr *) &native, (socklen_t) g_socket_address_get_native_size (full)) != 0
      || listen (listener->fd, BACKLOG) != 0 || getsockname (listener->fd, (struct sockaddr *) &native, &size) != 0)
    return fail_listening (error, text, port);
  real = g_socket_address_new_from_native (&native, size);
  listener->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (real));
  return TRUE;
}

VaTcpListener *
va_tcp_listener_open (const char *address, guint16 port, GError **error)
{
  VaTcpListener *listener = g_new0 (VaTcpListener, 1);

  listener->fd = listener->stop = -1;
  if (open_socket (listener, address, port, error))
    return listener;
  va_tcp_listener_free (listener);
  return NULL;
}

guint16
va_tcp_listener_port (const VaTcpListener *listener)
{
  return listener->port;
}

/* Until somebody is there, or @milliseconds have passed (-1: never). Returns: FALSE: it is time to stop */
static gboolean
wait_for_somebody (const VaTcpListener *listener, int milliseconds)
{
  struct pollfd fds[] = { { listener->stop, POLLIN, 0 }, { listener->fd, milliseconds < 0 ? POLLIN : 0, 0 } };

  while (poll (fds, G_N_ELEMENTS (fds), milliseconds) < 0)
    if (errno != EINTR)
      g_error ("poll: %s", g_strerror (errno));
  return fds[0].revents == 0;
}

/* What accept4() may say without any fault of the listener's is left out: the client has gone, or nobody is there. */
static gboolean
is_shortage (int error)
{
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static gboolean
accept_one (VaTcpListener *listener)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  int fd = accept4 (listener->fd, (struct sockaddr *) &address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0 && is_shortage (errno))
    {
      g_debug ("a client cannot be accepted: %s", g_strerror (errno));
      return wait_for_somebody (listener, SHORTAGE_MS);
    }
  if (fd < 0)
    return TRUE;
  va_connections_admit (listener->connections, fd);
  if (!listener->take (fd, (struct sockaddr *) &address, size, listener->user_data))
    va_connections_dismiss (listener->connections, fd);
  return TRUE;
}

static gpointer
run_listener (gpointer data)
{
  VaTcpListener *listener = data;

  while (va_connections_wait_for_room (listener->connections) && wait_for_somebody (listener, -1)
         && accept_one (listener))
    ;
  return NULL;
}

void
va_tcp_listener_start (VaTcpListener *listener, VaConnections *connections, VaTakeClient take, gpointer user_data)
{
  listener->connections = connections;
  listener->take = take;
  listener->user_data = user_data;
  listener->thread = g_thread_new ("va-accept", run_listener, listener);
}

void
va_tcp_listener_stop (VaTcpListener *listener)
{
  if (listener->thread != NULL)
    {
      va_connections_close (listener->connections);
      if (eventfd_write (listener->stop, 1) != 0)
        g_error ("eventfd: %s", g_strerror (errno));
      g_thread_join (g_steal_pointer (&listener->thread));
    }
  if (listener->fd >= 0)
    close (listener->fd);
  listener->fd = -1;
}

void
va_tcp_listener_free (VaTcpListener *listener)
{
  if (listener == NULL)
    return;
  va_tcp_listener_stop (listener);
  if (listener->stop >= 0)
    close (listener->stop);
  g_free (listener);
}
