/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>
#include <sys/socket.h>
#include "http/server/connection.h"
#include "http/server/head.h"
#include "http/server/server.h"
#include "pki/tls-files.h"

G_BEGIN_DECLS

/**
 * What reads requests from connections and writes answers to them, with threads of its own. It is libmicrohttpd, which
 * engine.c alone knows.
 */
typedef struct _VaEngine VaEngine;

/** The engine's part of a connection. Of several requests on one connection, one is under way at a time. */
typedef struct _VaWire VaWire;

/**
 * What the engine tells. Called from several threads, but of one connection from one at a time. A request has its
 * calls in this order: begun, head, body for each piece of it, complete, ended; ended may come after each of them.
 * FALSE ends the connection without an answer. So that a request gets its answer, head or complete call
 * va_wire_answer().
 */
typedef struct {
  /* Before the handshake of @session. Returns: what the connection is to the server, until closed */
  VaConnection *(*opened) (VaWire *wire, int fd, gnutls_session_t session, gpointer data);
  void (*closed) (VaConnection *connection, gpointer data); /* fd is closed afterwards */
  void (*turned_away) (gpointer data);                      /* a connection, which was one too many of its address */
  /* @target: as it was sent, up to the first zero byte. Returns: what the request is to the server, until ended */
  gpointer (*begun) (VaConnection *connection, const char *target, gpointer data);
  gboolean (*head) (gpointer request, const VaHead *head);
  gboolean (*body) (gpointer request, const char *piece, gsize size); /* piece: wiped afterwards */
  gboolean (*complete) (gpointer request); /* and again after va_wire_resume(), until there is an answer */
  void (*ended) (gpointer request);
} VaEngineCalls;

/**
 * va_engine_start: has no socket of its own: connections come by va_engine_take().
 * @calls, @data: must outlive the engine
 * Returns: %NULL: it cannot be started
 */
VaEngine *va_engine_start (const VaServerSettings *settings, const VaTlsFiles *files, const VaEngineCalls *calls,
                           gpointer data) G_GNUC_WARN_UNUSED_RESULT;
/** va_engine_take: a VaTakeClient; @engine: a VaEngine */
gboolean va_engine_take (int fd, const struct sockaddr *address, socklen_t size, gpointer engine);
/** va_engine_stop: closes all connections, and frees it. None may be suspended. %NULL is ignored. */
void va_engine_stop (VaEngine *engine);

typedef struct {
  const char *name, *value; /* value: %NULL: this header is left out */
} VaAnswerHeader;

typedef struct {
  guint status;
  char *text; /* (transfer full) or %NULL */
  gsize size;
  const VaAnswerHeader *headers;
  gsize header_count;
} VaAnswer;

/** va_wire_answer: answers the request under way. Returns: FALSE: that is not possible, @answer's text is freed */
gboolean va_wire_answer (VaWire *wire, const VaAnswer *answer) G_GNUC_WARN_UNUSED_RESULT;
/** va_wire_has_foreign_answer: whether the engine has an answer under way that it made itself. */
gboolean va_wire_has_foreign_answer (const VaWire *wire);
/** va_wire_suspend: nothing more is called for this connection until va_wire_resume(), from any thread. */
void va_wire_suspend (VaWire *wire);
void va_wire_resume (VaWire *wire);

G_END_DECLS
