/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/watchdog.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_US (50 * 1000)
/* How long a call whose socket was shut down is given to notice. */
#define CUT_MS 500
/* What may lie unread at a socket: it is still read after the socket was shut down. */
#define UNREAD (64 * 1024)

struct _VaClientWatch {
  gint64 end;
  guint64 max_received;
  GCancellable *cancellable;
  GMainContext *context;
  int fd;           /* a duplicate, so that nobody else closes it; -1: not connected */
  guint64 before;   /* what @fd had received when the call began to use it */
  guint64 received; /* by earlier sockets */
  VaClientVerdict verdict;
};

/* The watches of calls that are under way, and all that is in them, are under this lock. */
static GMutex watch_lock;
static GCond watch_begun;
static GPtrArray *watch_list;

/* How many bytes came in at @fd; the kernel counts them before anybody reads them. */
static guint64
count_received (int fd)
{
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;

  return fd >= 0 && getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

static guint64
count_since (const VaClientWatch *watch)
{
  guint64 now = count_received (watch->fd);

  return now > watch->before ? now - watch->before : 0;
}

/* What is read from now on ends; closing the socket then tells the peer at once, which may be blocked otherwise. */
static void
cut_socket (int fd)
{
  const struct linger none = { 1, 0 };

  setsockopt (fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  shutdown (fd, SHUT_RDWR);
}

static gboolean
cancel_call (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* In the call's thread: GLib up to 2.74 can lose a source of a socket whose cancellable is cancelled by one thread
   while another one takes the source away. A call that is connected ends by its socket, so it gets @ms to come to its
   end. */
static void
cancel_in_context (VaClientWatch *watch, guint ms)
{
  g_autoptr(GSource) source = g_timeout_source_new (ms);

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, cancel_call, g_object_ref (watch->cancellable), g_object_unref);
  g_source_attach (source, watch->context);
}

static void
judge_call (VaClientWatch *watch)
{
  if (watch->verdict != VA_CLIENT_VERDICT_NONE)
    return;
  if (watch->received + count_since (watch) > watch->max_received)
    watch->verdict = VA_CLIENT_VERDICT_FLOOD;
  else if (g_get_monotonic_time () >= watch->end)
    watch->verdict = VA_CLIENT_VERDICT_LATE;
  else
    return;
  if (watch->fd >= 0)
    cut_socket (watch->fd);
  cancel_in_context (watch, watch->fd >= 0 ? CUT_MS : 0);
}

/* When to look again: soon, and sooner if a deadline comes first. */
static gint64
next_look (void)
{
  gint64 next = g_get_monotonic_time () + LOOK_US;

  for (guint i = 0; i < watch_list->len; i++)
    {
      const VaClientWatch *watch = watch_list->pdata[i];

      if (watch->verdict == VA_CLIENT_VERDICT_NONE)
        next = MIN (next, watch->end);
    }
  return next;
}

static gpointer
keep_watch (gpointer data)
{
  g_mutex_lock (&watch_lock);
  for (;;)
    {
      if (watch_list->len == 0)
        g_cond_wait (&watch_begun, &watch_lock);
      else
        g_cond_wait_until (&watch_begun, &watch_lock, next_look ());
      for (guint i = 0; i < watch_list->len; i++)
        judge_call (watch_list->pdata[i]);
    }
  return NULL;
}

/* It stays for as long as the process does, and sleeps while there is no call. */
static void
start_watchdog (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      watch_list = g_ptr_array_new ();
      g_thread_unref (g_thread_new ("client-watchdog", keep_watch, NULL));
      g_once_init_leave (&once, 1);
    }
}

VaClientWatch *
va_client_watch_begin (gint64 end, guint64 max_received, GMainContext *context, GCancellable *cancellable)
{
  VaClientWatch *watch = g_new0 (VaClientWatch, 1);

  start_watchdog ();
  watch->end = end;
  watch->max_received = max_received;
  watch->cancellable = g_object_ref (cancellable);
  watch->context = g_main_context_ref (context);
  watch->fd = -1;
  g_mutex_lock (&watch_lock);
  g_ptr_array_add (watch_list, watch);
  g_cond_signal (&watch_begun);
  g_mutex_unlock (&watch_lock);
  return watch;
}

static void
leave_socket (VaClientWatch *watch)
{
  watch->received += count_since (watch);
  if (watch->fd >= 0)
    close (watch->fd);
  watch->fd = -1;
}

void
va_client_watch_socket (VaClientWatch *watch, GSocket *socket)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&watch_lock);

  leave_socket (watch);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, UNREAD, NULL);
  watch->fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  watch->before = count_received (watch->fd);
  /* Without a descriptor to watch it by, and after the verdict, nothing may come in. */
  if (watch->fd < 0 || watch->verdict != VA_CLIENT_VERDICT_NONE)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}

VaClientVerdict
va_client_watch_end (VaClientWatch *watch)
{
  VaClientVerdict verdict;

  g_mutex_lock (&watch_lock);
  g_ptr_array_remove_fast (watch_list, watch);
  verdict = watch->verdict;
  leave_socket (watch);
  g_mutex_unlock (&watch_lock);
  g_object_unref (watch->cancellable);
  g_main_context_unref (watch->context);
  g_free (watch);
  return verdict;
}
