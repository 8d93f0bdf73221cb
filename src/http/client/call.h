/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>
#include "http/client/line.h"
#include "http/client/trust.h"
#include "http/client/watchdog.h"
#include "http/client/client.h"

G_BEGIN_DECLS

/** The TLS connections that a call has made and that are not finalized yet; shared with what finalizes them. */
typedef struct _VaClientTies VaClientTies;

/** One call, on its way through a main loop of its own. The first block is the caller's. */
typedef struct {
  const char *url; /* without a slash at its end */
  VaClientTrust *trust;
  const VaClientRequest *request;
  gsize max_reply;
  VaClientLine *line; /* to run on, and to leave a good connection at; %NULL: one of its own */

  guint status;
  gboolean json_type; /* the answer says that it is JSON */
  guint retry_after;  /* seconds; 0: it did not say, or as a date */
  GByteArray *reply;
  gboolean answering;   /* status and headers of an answer have come */
  gboolean out_of_time; /* the deadline ended it, or the last attempt to connect before it */

  gint64 end;
  VaClientWatch *watch;
  VaClientVerdict verdict;
  GMainContext *context; /* the line's */
  GCancellable *cancellable;
  SoupMessage *message;
  GInputStream *stream;
  GBytes *body;
  guint64 sent;
  guint informational; /* answers before the answer */
  gboolean done, connected, handshake_done;
  gboolean reused; /* it goes over a connection that an earlier call has made */
  VaClientTies *ties;
  char *peer_fault;   /* why the service's certificate will not do */
  char *answer_fault; /* why its answer will not */
  GError *error;
} VaClientCall;

/**
 * va_client_call_run: sends and reads, within the request's deadline, whatever the peer does; a status and a reply,
 * whatever they say. A kept connection that its peer closes before a word of an answer costs no call: it is sent once
 * more over a new one, under the same deadline. Whoever answers must therefore take a request that comes twice.
 * Errors: VA_CORE_ERROR_PEER, VA_CORE_ERROR_TIMEOUT, VA_CORE_ERROR_PARSE (the path)
 */
gboolean va_client_call_run (VaClientCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_client_call_clear (VaClientCall *call);

G_END_DECLS
