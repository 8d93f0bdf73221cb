/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client-head.h"
#include "http/client-link.h"
#include "http/client.h"

G_BEGIN_DECLS

/** One call. The first block is the caller's. */
typedef struct {
  const char *url;       /* for messages */
  const char *authority; /* HOST[:PORT], as it stands in the URL */
  const char *base;      /* the URL's path, without a slash at its end */
  const char *host;
  guint16 port;
  VaClientTrust *trust;
  const VaClientRequest *request;
  gsize max_reply;

  VaClientHead head;
  GByteArray *reply;

  gint64 end;
  VaClientLink *link;
  GByteArray *pending;   /* received, and not looked at yet */
  gboolean answering;    /* something of an answer has come */
  gboolean out_of_time;  /* the deadline ended it, or the last attempt to connect before it */
  guint64 sent;
} VaClientCall;

/**
 * va_client_call_run: sends and reads, within the request's deadline, whatever the peer does; head and reply, whatever
 * they say.
 * Errors: VA_CORE_ERROR_PEER, VA_CORE_ERROR_TIMEOUT, VA_CORE_ERROR_PARSE (the path)
 */
gboolean va_client_call_run (VaClientCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_client_call_clear (VaClientCall *call);

G_END_DECLS
