/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "service/liveness.h"

/* Alive is who turns the main loop and has a store that answers. */

typedef struct {
  int socket;
  char *path;
  GMutex stuck;      /* who holds it keeps the store from answering */
  gint pings, fails; /* atomic */
  VaLiveness *liveness;
  GPtrArray *messages;
  guint reader;
} Watch;

static gboolean
ping (gpointer data, GError **error)
{
  Watch *watch = data;

  g_atomic_int_inc (&watch->pings);
  g_mutex_lock (&watch->stuck);
  g_mutex_unlock (&watch->stuck);
  if (g_atomic_int_get (&watch->fails) == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the disk is on fire");
  return FALSE;
}

/* At once: a socket of this kind takes few messages, and who sends one more waits. */
static gboolean
on_message (int fd, GIOCondition condition, gpointer data)
{
  char text[512];
  ssize_t size;

  while ((size = recv (fd, text, sizeof text, 0)) > 0)
    g_ptr_array_add (((Watch *) data)->messages, g_strndup (text, (gsize) size));
  return G_SOURCE_CONTINUE;
}

static void
watch_begin (Watch *watch)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  memset (watch, 0, sizeof *watch);
  g_mutex_init (&watch->stuck);
  watch->path = g_build_filename (g_get_tmp_dir (), "notify", NULL);
  g_assert_cmpuint (g_strlcpy (address.sun_path, watch->path, sizeof address.sun_path), <, sizeof address.sun_path);
  watch->socket = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (bind (watch->socket, (struct sockaddr *) &address, sizeof address), ==, 0);
  watch->messages = g_ptr_array_new_with_free_func (g_free);
  watch->reader = g_unix_fd_add (watch->socket, G_IO_IN, on_message, watch);
  g_setenv ("NOTIFY_SOCKET", watch->path, TRUE);
  g_setenv ("WATCHDOG_USEC", "90000", TRUE);
  watch->liveness = va_liveness_new (ping, watch);
}

static void
watch_end (Watch *watch)
{
  va_liveness_free (watch->liveness);
  g_source_remove (watch->reader);
  g_ptr_array_unref (watch->messages);
  close (watch->socket);
  unlink (watch->path);
  g_free (watch->path);
  g_mutex_clear (&watch->stuck);
}

static gboolean
on_over (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_timeout_add (ms, on_over, loop);
  g_main_loop_run (loop);
}

/* How many messages say so since the last time that somebody asked. */
static guint
beats (Watch *watch, const char *status)
{
  guint count = 0;

  on_message (watch->socket, G_IO_IN, watch);
  for (guint i = 0; i < watch->messages->len; i++)
    {
      const char *text = watch->messages->pdata[i];

      g_assert_nonnull (strstr (text, "WATCHDOG=1\n"));
      count += strstr (text, status) != NULL ? 1 : 0;
    }
  g_ptr_array_set_size (watch->messages, 0);
  return count;
}

static void
test_alive (void)
{
  Watch watch;

  watch_begin (&watch);
  run_for (500);
  g_assert_cmpuint (beats (&watch, "STATUS=Ready"), >=, 3);
  watch_end (&watch);
}

static void
test_loop_stands_still (void)
{
  Watch watch;

  watch_begin (&watch);
  run_for (200);
  beats (&watch, "");
  g_usleep (300 * 1000);
  g_assert_cmpuint (beats (&watch, ""), ==, 0);
  watch_end (&watch);
}

static void
test_store_is_stuck (void)
{
  Watch watch;
  gint pings;

  watch_begin (&watch);
  run_for (200);
  g_mutex_lock (&watch.stuck);
  run_for (100); /* what was answered before */
  beats (&watch, "");
  pings = g_atomic_int_get (&watch.pings);
  run_for (400);
  g_assert_cmpuint (beats (&watch, ""), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&watch.pings), <=, pings + 1); /* one at a time */
  g_mutex_unlock (&watch.stuck);
  run_for (400);
  g_assert_cmpuint (beats (&watch, "STATUS=Ready"), >=, 2);
  watch_end (&watch);
}

/* A store that says no is no reason to be started anew. */
static void
test_store_fails (void)
{
  Watch watch;

  watch_begin (&watch);
  g_atomic_int_set (&watch.fails, 1);
  run_for (400);
  g_assert_cmpuint (beats (&watch, "the disk is on fire"), >=, 2);
  g_atomic_int_set (&watch.fails, 0);
  run_for (200);
  beats (&watch, "");
  run_for (300);
  g_assert_cmpuint (beats (&watch, "STATUS=Ready"), >=, 2);
  watch_end (&watch);
}

static void
test_nobody_watches (void)
{
  Watch watch;

  watch_begin (&watch);
  va_liveness_free (watch.liveness);
  g_unsetenv ("NOTIFY_SOCKET");
  g_atomic_int_set (&watch.pings, 0);
  watch.liveness = va_liveness_new (ping, &watch);
  run_for (200);
  g_assert_cmpint (g_atomic_int_get (&watch.pings), ==, 0);
  watch_end (&watch);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/liveness/alive", test_alive);
  g_test_add_func ("/liveness/loop-stands-still", test_loop_stands_still);
  g_test_add_func ("/liveness/store-is-stuck", test_store_is_stuck);
  g_test_add_func ("/liveness/store-fails", test_store_fails);
  g_test_add_func ("/liveness/nobody-watches", test_nobody_watches);
  return g_test_run ();
}
