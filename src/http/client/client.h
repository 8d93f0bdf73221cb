/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "api/problem.h"
#include "codec/json.h"
#include "http/request-id.h"

G_BEGIN_DECLS

/** A client of the service: base URL, CA, own certificate. Calls may come from any thread, several at once. */
typedef struct _VaClient VaClient;

/**
 * va_client_new: @url: "https://host:port" (no path); the files are PEM; the key must be 0600.
 * Errors: VA_CORE_ERROR naming the file
 */
VaClient *va_client_new (const char *url, const char *ca_file, const char *certificate_file, const char *key_file,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_client_new_public: a client of a public server, without a certificate of its own; TLS 1.2 is enough.
 * @url: "https://host[:port][/path]"
 * @ca_file: PEM, or %NULL for the system's CAs
 * Errors: VA_CORE_ERROR
 */
VaClient *va_client_new_public (const char *url, const char *ca_file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_client_reload: reads the files of va_client_new() again; calls that are under way go on with the old ones. If it
 * fails, later calls do so, too.
 * Errors: those of va_client_new() about files
 */
gboolean va_client_reload (VaClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_files_changed: whether the files of va_client_new() are others than those that were read last, whatever
 * came of that, and the same as at the previous call: somebody who replaces them one by one is given time. To be called
 * by the thread that calls va_client_reload(), every few seconds.
 */
gboolean va_client_files_changed (VaClient *client);
/**
 * va_client_keep: from now on connections are kept for some seconds for the next call. A connection that has died
 * meanwhile costs no call; but the service may get a request twice then. Threads of the client's make the calls, so
 * va_client_free() may only be called when none is under way, and VaClientRequest.progress is called from them.
 */
void va_client_keep (VaClient *client);
/** va_client_certificate_ends: when the client's own certificate ends, seconds since 1970; 0 for a public server. */
gint64 va_client_certificate_ends (VaClient *client);
/**
 * va_client_silent_for: how long ago a call (not a brief one) ran out of time without the headers of an answer, in
 * microseconds; -1: that did not happen, or a later call was answered.
 */
gint64 va_client_silent_for (VaClient *client);

/** Called as an upload proceeds, from the calling thread. */
typedef void (*VaClientProgress) (guint64 sent, guint64 total, gpointer user_data);

typedef struct {
  const char *method, *path; /* path with "/v1…" and query, already escaped */
  JsonObject *json;          /* body as application/json; borrowed; or */
  gconstpointer data;        /* body as application/octet-stream; borrowed */
  gsize size;
  const char *request_id; /* for the header VA_REQUEST_ID_HEADER; or %NULL */
  guint deadline_ms;      /* for all of it */
  gboolean persist;       /* a name look-up or a connect that fails is tried again until the deadline */
  gboolean brief;         /* the deadline is too short to tell a slow server from a silent one */
  gsize max_reply;        /* bytes; 0: 1 MiB */
  guint max_values;       /* in the reply; 0: VA_JSON_MAX_VALUES */
  VaClientProgress progress;
  gpointer progress_data;
} VaClientRequest;

/**
 * va_client_call: sends, waits, and reads the answer. Blocks until the deadline at most, whatever the peer does, and
 * takes a bounded amount of memory; runs no other main context than its own.
 * @reply: (out) (optional) (transfer full): the JSON object of a 2xx answer; an empty body gives an empty object
 * Returns: TRUE for 2xx
 * Errors: VA_PROBLEM_ERROR (the service refused: its code and sentence);
 *   VA_CORE_ERROR_PEER (unreachable, TLS failure, broken answer; names the URL), VA_CORE_ERROR_TIMEOUT
 */
gboolean va_client_call (VaClient *client, const VaClientRequest *request, JsonObject **reply, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** What a server answered, whatever it is. */
typedef struct {
  guint status;
  guint retry_after; /* seconds; 0: it did not say, or as a date */
  GBytes *body;
} VaClientAnswer;
/**
 * va_client_get: GET without JSON and problems: any status is an answer.
 * @path: below the URL, escaped
 * @answer: (out): body is (transfer full)
 * Errors: VA_CORE_ERROR_PEER (also a body of more than @max bytes), VA_CORE_ERROR_TIMEOUT
 */
gboolean va_client_get (VaClient *client, const char *path, guint deadline_ms, gsize max, VaClientAnswer *answer,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_client_free (VaClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaClient, va_client_free)

G_END_DECLS
