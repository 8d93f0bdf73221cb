/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>
#include "http/client.h"

G_BEGIN_DECLS

struct _VaClient
{
  char *url; /* without a slash at its end */
  GTlsCertificate *certificate; /* one's own; %NULL: a public server is asked */
  GTlsDatabase *authorities;
};

/** One call, on its way through a main loop of its own. The first three are the caller's. */
typedef struct {
  const VaClient *client;
  const VaClientRequest *request;
  gsize max_reply;

  guint status;
  gboolean json_type;  /* the answer says that it is JSON */
  GByteArray *reply;

  GMainContext *context;
  GCancellable *cancellable;
  SoupMessage *message;
  GInputStream *stream;
  GBytes *body;
  guint64 sent;
  gboolean done, late, handshake_done;
  char *peer_fault;    /* why the service's certificate will not do */
  GError *error;
} VaClientCall;

/**
 * va_client_call_run: sends and reads, within the request's deadline; a status and a reply, whatever they say.
 * Errors: VA_CORE_ERROR_PEER, VA_CORE_ERROR_TIMEOUT
 */
gboolean va_client_call_run (VaClientCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_client_call_clear (VaClientCall *call);

G_END_DECLS
