/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/sockets.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"
#include "host/log.h"
#include "host/work.h"
#include "qmp/stream.h"

#define BACKLOG 128
#define WAITING_MAX 512    /* questions that no thread has taken up: more are turned away */
#define QUESTION_SECONDS 5 /* for a question to arrive, and for an answer to be taken */

struct _VaListener {
  char *path;
  char *name; /* of the path */
  int fd;
  guint source;
  gsize max_question;
  VaWork *work;
  VaAnswerFunc answer;
  gpointer data;
};

typedef struct {
  VaListener *listener;
  VaAsker asker;
} Conversation;

gboolean
va_asker_has_left (const VaAsker *asker)
{
  struct pollfd one = { .fd = asker->fd };

  return poll (&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR)) != 0;
}

/* Everything up to the end of what the asking side sends; %NULL if it is too long or does not come in time. */
static GByteArray *
receive_question (int fd, gsize max)
{
  g_autoptr(GByteArray) question = g_byte_array_new ();
  gint64 end = g_get_monotonic_time () + QUESTION_SECONDS * G_TIME_SPAN_SECOND;
  guint8 block[8192];

  for (;;)
    {
      struct pollfd one = { .fd = fd, .events = POLLIN };
      gint64 left = (end - g_get_monotonic_time ()) / 1000;
      ssize_t n;

      if (left <= 0 || poll (&one, 1, (int) left) == 0)
        return NULL;
      n = recv (fd, block, sizeof block, MSG_DONTWAIT);
      if (n == 0)
        return g_steal_pointer (&question);
      if (n < 0 && errno != EAGAIN && errno != EINTR)
        return NULL;
      if (n > 0 && (gsize) n > max - question->len)
        return NULL;
      if (n > 0)
        g_byte_array_append (question, block, (guint) n);
    }
}

static void
answer_connection (gpointer data)
{
  Conversation *conversation = data;
  VaListener *listener = conversation->listener;
  g_autoptr(GByteArray) question = receive_question (conversation->asker.fd, listener->max_question);
  g_autofree char *answer = NULL;
  g_autoptr(GError) error = NULL;

  if (question == NULL)
    return;
  answer = listener->answer ((const char *) question->data, question->len, &conversation->asker, listener->data);
  va_host_trace (listener->name, conversation->asker.arrived);
  if (!va_stream_send (conversation->asker.fd, answer, strlen (answer),
                       g_get_monotonic_time () + QUESTION_SECONDS * G_TIME_SPAN_SECOND, &error))
    g_message (_("%s: cannot send the answer: %s"), listener->path, error->message);
}

static void
conversation_free (gpointer data)
{
  Conversation *conversation = data;

  close (conversation->asker.fd);
  g_free (conversation);
}

static gboolean
may_ask (int fd)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == geteuid ());
}

static gboolean
on_local_connection (int fd, GIOCondition condition, gpointer data)
{
  VaListener *listener = data;
  int peer = accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  Conversation *conversation;

  if (peer < 0)
    return G_SOURCE_CONTINUE;
  if (!may_ask (peer) || va_work_waiting (listener->work) >= WAITING_MAX)
    {
      close (peer);
      return G_SOURCE_CONTINUE;
    }
  conversation = g_new0 (Conversation, 1);
  conversation->listener = listener;
  conversation->asker = (VaAsker){ peer, g_get_monotonic_time () };
  va_work_push (listener->work, answer_connection, conversation, conversation_free);
  return G_SOURCE_CONTINUE;
}

static int
listen_at (const char *path, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  unlink (path);
  /* The mode of the descriptor becomes that of the file: it is never open to others, whatever the umask. */
  if (fd >= 0 && g_strlcpy (address.sun_path, path, sizeof address.sun_path) < sizeof address.sun_path
      && fchmod (fd, 0600) == 0 && bind (fd, (struct sockaddr *) &address, sizeof address) == 0
      && listen (fd, BACKLOG) == 0)
    return fd;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot listen on %s: %s"), path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

VaListener *
va_listener_new (const char *path, guint threads, gsize max_question, VaAnswerFunc answer, gpointer data,
                 GError **error)
{
  int fd = listen_at (path, error);
  VaListener *listener;

  if (fd < 0)
    return NULL;
  listener = g_new0 (VaListener, 1);
  listener->path = g_strdup (path);
  listener->name = g_path_get_basename (path);
  listener->fd = fd;
  listener->max_question = max_question;
  listener->work = va_work_new (threads);
  listener->answer = answer;
  listener->data = data;
  listener->source = g_unix_fd_add (fd, G_IO_IN, on_local_connection, listener);
  return listener;
}

void
va_listener_free (VaListener *listener)
{
  g_source_remove (listener->source);
  unlink (listener->path);
  close (listener->fd);
  va_work_free (listener->work);
  g_free (listener->path);
  g_free (listener->name);
  g_free (listener);
}
