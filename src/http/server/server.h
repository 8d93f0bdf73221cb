/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>
#include "api/problem.h"
#include "codec/json.h"
#include "core/secret.h"
#include "http/server/head.h"
#include "pki/identity.h"
#include "http/request-id.h"

G_BEGIN_DECLS

/** One request, complete; everything in it is borrowed and lives until the handler returns. */
typedef struct {
  const char *method; /* "GET", "POST", "PUT", "DELETE" */
  const char *path;
  const char *parts[4];       /* the {…} parts of the route, in order; %NULL behind the last */
  const VaIdentity *identity; /* %NULL only on routes marked open */
  const char *request_id;
  VaSecret *body;            /* raw bytes, size 0 when there are none; the handler may take it (set to %NULL) */
  GBytes *plain;             /* the same, where the route has a plain body; otherwise %NULL */
  const VaHead *head;        /* for va_request_query() */
  const char *name;          /* of the route; may be %NULL */
  const char *certificate;   /* SHA-256 of the peer's certificate, hex; %NULL without identity */
  gpointer entry;            /* the handler's: what its record of this request says; or %NULL */
  GDestroyNotify free_entry; /* of @entry */
  gboolean recorded;         /* the handler has put its refusal on record itself */
  gboolean may_wait;         /* the handler may wait for another server */
  gboolean must_wait; /* set with FALSE by a handler that would have to and may not; nothing has come of it yet. It is
                                called again, by a thread that may wait, and what it returned is forgotten */
} VaRequest;
/** va_request_query: the value of one query argument, or %NULL. */
const char *va_request_query (const VaRequest *request, const char *name);
/** va_request_json: the body as strict JSON. Errors: VA_PROBLEM_BAD_REQUEST */
JsonObject *va_request_json (const VaRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
  guint status;      /* 200, 201, 204 … */
  JsonObject *json;  /* (transfer full) or %NULL */
  char *text;        /* (transfer full) or %NULL */
  const char *type;  /* of @text; %NULL: text/plain; charset=utf-8 */
  guint retry_after; /* seconds, for the Retry-After header; 0: without */
} VaResponse;

/**
 * VaHandler: FALSE with @error (of VA_PROBLEM_ERROR; anything else becomes 500 "internal" and is logged, not sent)
 * or TRUE with @response filled. Called from several threads.
 */
typedef gboolean (*VaHandler) (VaRequest *request, VaResponse *response, gpointer user_data, GError **error);

/**
 * VaRefused: called before a peer with a certificate of the CA is told that its request is refused: for its role,
 * because its certificate is revoked, or by a handler. May put another problem into @error. Called from several
 * threads.
 */
typedef void (*VaRefused) (VaRequest *request, GError **error, gpointer user_data);

#define VA_ROLE_BIT(role) (1u << (role))

typedef struct {
  const char *method;
  const char *pattern; /* "/v1/vm/{}/launch"; each {} matches one part of 1 to 128 bytes without "/" */
  guint roles;         /* VA_ROLE_BIT()s; others get 403. 0: open to any client that could connect */
  gsize max_body;      /* bytes; more gets 413 before it is read */
  VaHandler handler;
  const char *name;    /* for records; may be %NULL */
  gboolean plain_body; /* bodies are not secret, so they need not be in locked memory: VaRequest.plain */
  gsize max_answer; /* bytes, of a list: what making and sending it may hold, set aside before the handler is called; a
                           peer has VA_LISTS_AT_ONCE of these made at once, and gets 503 for more. 0: no list */
} VaRoute;          /* a table ends with method %NULL */

/** A request that has its answer. */
typedef struct {
  const VaRoute *route; /* %NULL: none was found */
  guint status;
  gint code;      /* a VaProblemCode; -1: not a refusal */
  gint64 handled; /* microseconds from the whole request to the answer; -1: no handler was called */
} VaFinishedRequest;
/** VaFinished: called before the answer is sent. Called from several threads. */
typedef void (*VaFinished) (const VaFinishedRequest *finished, gpointer user_data);

/** What a server has to do with connections. Anybody may read it while the server works. */
typedef struct {
  atomic_uint connections;          /* now */
  atomic_uint_least64_t accepted;   /* connections, those that failed in the handshake included */
  atomic_uint_least64_t unverified; /* of them: ended without a certificate that would do */
  atomic_uint_least64_t
    over_limit;                  /* not taken: too many of that address; where there are too many of all, they wait */
  atomic_bool revocation_is_bad; /* something in the deny list or the revocation lists does not count */
} VaServerStatistics;

typedef struct {
  const char *address;                               /* numeric; "::" for all */
  guint16 port;                                      /* 0: any free one, see va_server_port() */
  const char *ca_file, *certificate_file, *key_file; /* PEM; the key 0600 */
  const char *deny_file, *crl_file;                  /* certificates that are not taken any more; or %NULL */
  guint max_connections, max_connections_per_address;
  guint timeout_seconds; /* for a connection on which nothing moves */
  guint request_seconds; /* for the handshake, and for each whole request */
  guint threads;
  VaRefused refused;              /* or %NULL */
  VaFinished finished;            /* or %NULL */
  VaServerStatistics *statistics; /* all zero; outlives the server; or %NULL */
  gsize max_held;                 /* bytes of bodies and answers in memory, of all requests together; 0: 256 MiB */
} VaServerSettings;

typedef struct _VaServer VaServer;
/**
 * va_server_start: HTTPS, TLS 1.3 only, client certificate of the CA demanded in the handshake.
 * @routes, @user_data: must outlive the server
 * Errors: VA_CORE_ERROR
 */
VaServer *va_server_start (const VaServerSettings *settings, const VaRoute *routes, gpointer user_data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
guint16 va_server_port (const VaServer *server);
/**
 * va_server_reload: CA, certificate and key are read again, from the files of va_server_start(). Open connections whose
 * certificate does not verify under the new CA end: at once, or, if they were in their handshake just now, with their
 * next request; the others stay. When the files will not do, everything stays as it was.
 * Errors: VA_CORE_ERROR, naming the file
 */
gboolean va_server_reload (VaServer *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_server_stop: takes no more connections, finishes what it has begun, frees everything. */
void va_server_stop (VaServer *server);

G_END_DECLS
