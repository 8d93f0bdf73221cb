/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "peer.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _Peer {
  char *path;
  PeerManner manner;
  char *answer;
  gsize size;
  int listener;
  int stop[2];
  GThread *thread;
  GMutex lock;
  GString *question;
  guint count;
};

static gboolean
stopped (Peer *peer, int ms)
{
  GPollFD stop = { peer->stop[0], G_IO_HUP | G_IO_IN, 0 };

  return g_poll (&stop, 1, ms) > 0;
}

static void
take_question (Peer *peer, int fd)
{
  g_autoptr(GString) question = g_string_new (NULL);
  char block[4096];
  ssize_t n;

  while ((n = recv (fd, block, sizeof block, 0)) > 0)
    g_string_append_len (question, block, n);
  g_mutex_lock (&peer->lock);
  g_string_assign (peer->question, question->str);
  peer->count++;
  g_mutex_unlock (&peer->lock);
}

static void
serve (Peer *peer, int fd)
{
  if (peer->manner == PEER_HANGS_UP)
    return;
  take_question (peer, fd);
  if (peer->manner == PEER_ANSWERS)
    g_assert_cmpint (send (fd, peer->answer, peer->size, MSG_NOSIGNAL), ==, (gssize) peer->size);
  else if (peer->manner == PEER_SILENT)
    stopped (peer, -1);
  else
    while (!stopped (peer, 50) && send (fd, "y", 1, MSG_NOSIGNAL) == 1)
      continue;
}

static gpointer
run (gpointer data)
{
  Peer *peer = data;

  for (;;)
    {
      GPollFD events[2] = { { peer->listener, G_IO_IN, 0 }, { peer->stop[0], G_IO_HUP | G_IO_IN, 0 } };
      int fd;

      g_poll (events, 2, -1);
      if (events[1].revents != 0)
        return NULL;
      fd = accept (peer->listener, NULL, NULL);
      if (fd < 0)
        continue;
      serve (peer, fd);
      close (fd);
    }
}

Peer *
peer_new (const char *path, PeerManner manner, const char *answer, gsize size)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  Peer *peer = g_new0 (Peer, 1);

  peer->path = g_strdup (path);
  peer->manner = manner;
  peer->answer = g_memdup2 (answer, size);
  peer->size = size;
  peer->question = g_string_new (NULL);
  g_mutex_init (&peer->lock);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  unlink (path);
  peer->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (peer->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (peer->listener, 8), ==, 0);
  g_assert_cmpint (pipe (peer->stop), ==, 0);
  peer->thread = g_thread_new ("agent", run, peer);
  return peer;
}

const char *
peer_question (Peer *peer)
{
  const char *text;

  g_mutex_lock (&peer->lock);
  text = peer->count > 0 ? peer->question->str : NULL;
  g_mutex_unlock (&peer->lock);
  return text;
}

guint
peer_count (Peer *peer)
{
  guint count;

  g_mutex_lock (&peer->lock);
  count = peer->count;
  g_mutex_unlock (&peer->lock);
  return count;
}

void
peer_free (Peer *peer)
{
  close (peer->stop[1]);
  g_thread_join (peer->thread);
  close (peer->stop[0]);
  close (peer->listener);
  unlink (peer->path);
  g_string_free (peer->question, TRUE);
  g_mutex_clear (&peer->lock);
  g_free (peer->answer);
  g_free (peer->path);
  g_free (peer);
}
