/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/body.h"
#include "http/server/exchange.h"
#include "http/server/router.h"

G_BEGIN_DECLS

/** What a handler came to. */
typedef struct {
  gboolean ok;
  VaResponse response;
  GError *error; /* if it is not ok */
} VaHandled;

/**
 * One request under way: exchange.c follows it from moment to moment, admission.c says what it may, handler.c has it
 * handled, answer.c answers it.
 */
struct _VaExchange {
  VaExchanges *shared;
  VaConnection *connection;
  const VaHead *head; /* %NULL: it is not there yet */
  gboolean under_way; /* it counts as active */
  gboolean corked;    /* GnuTLS keeps the answer back */
  gboolean last;      /* the answer ends the connection, unread */
  gint64 begun;
  gint64 handled; /* microseconds that the handler took; -1: none was called */
  gint code;      /* of the refusal that is the answer; -1: it is none */
  char *request_id;
  GError *refusal;
  char *allow;
  guint retry_after; /* seconds; 0: without */
  const VaRoute *route;
  VaRouteMatch match;
  const VaIdentity *identity;
  VaBody body;
  gsize announced, held, discarded;
  VaHandled result;
  gboolean aside; /* the handler was called by a thread of its own */
};

/* In admission.c. */
/**
 * va_exchange_admit: whether the peer may ask for this, now that the head is there: its certificate counts, the head is
 * clear, there is a route for its role, and the body will not be too large.
 * @announced: (out): bytes of the body to come, G_MAXSIZE when they are not known
 * Returns: FALSE: the exchange's refusal is set
 */
gboolean va_exchange_admit (VaExchange *exchange, gsize *announced) G_GNUC_WARN_UNUSED_RESULT;
/** va_exchange_hold: @bytes in place of those that the exchange held before. Returns: FALSE: see va_account_hold() */
gboolean va_exchange_hold (VaExchange *exchange, gsize bytes);
/** va_exchange_drop_body: nothing is held for a body any more. */
void va_exchange_drop_body (VaExchange *exchange);
/** va_exchange_refuse_busy: always FALSE, with VA_PROBLEM_BUSY. */
gboolean va_exchange_refuse_busy (GError **error, const char *why);

/* In answer.c; FALSE: the connection must end without an answer. */
/** va_exchange_answer: takes @text, which counts as held until the exchange ends. */
gboolean va_exchange_answer (VaExchange *exchange, guint status, const char *type, char *text);
/** va_exchange_answer_error: @error: of VA_PROBLEM_ERROR */
gboolean va_exchange_answer_error (VaExchange *exchange, const GError *error);

/* In handler.c. */
/** va_exchange_report_refusal: of a request that was refused before there was a handler. */
void va_exchange_report_refusal (VaExchange *exchange);
/**
 * va_exchange_call_handler: has the whole request handled, and answers it. One whose handler has to wait for others
 * gets its answer later: it is called once more when that is there.
 */
gboolean va_exchange_call_handler (VaExchange *exchange);
void va_handled_clear (VaHandled *handled);

G_END_DECLS
