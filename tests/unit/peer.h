/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/** An agent played by the test: listens on a socket, takes one question after the other. */
typedef struct _Peer Peer;

typedef enum {
  PEER_ANSWERS,  /* sends the text and ends */
  PEER_SILENT,   /* reads, says nothing, keeps the connection */
  PEER_HANGS_UP, /* closes without reading */
  PEER_TRICKLES, /* one byte every 50 ms, for ever */
} PeerManner;

Peer *peer_new (const char *path, PeerManner manner, const char *answer, gsize size);
/** What was asked last, after the answer went out; borrowed. %NULL: nothing. */
const char *peer_question (Peer *peer);
guint peer_count (Peer *peer);
void peer_free (Peer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_free)
