/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/body.h"
#include "http/server/exchange.h"
#include "http/server/head.h"
#include "http/server/router.h"

G_BEGIN_DECLS

/** What a handler came to. */
typedef struct {
  gboolean ok;
  VaResponse response;
  GError *error; /* if it is not ok */
} VaHandled;
void va_handled_clear (VaHandled *handled);

/** One request under way: exchange.c takes it and answers it, handler.c has it handled. */
typedef struct {
  VaExchanges *shared;
  gboolean under_way; /* the headers are there: it counts as active */
  gboolean answered;
  gboolean corked; /* GnuTLS keeps the answer back */
  gboolean last;   /* the answer ends the connection, unread */
  gint64 begun;
  gint64 handled; /* microseconds that the handler took; -1: none was called */
  gint code;      /* of the refusal that is the answer; -1: it is none */
  char *request_id;
  GError *refusal;
  char *allow;
  guint retry_after; /* seconds; 0: without */
  VaHead head;
  const VaRoute *route;
  VaRouteMatch match;
  const VaIdentity *identity;
  VaBody body;
  gsize announced, held, discarded;
  VaHandled result;
  gboolean aside;   /* the handler was called by a thread of its own */
  const char *path; /* for that */
  struct MHD_Connection *mhd;
} VaExchange;

static inline void
va_exchange_request_clear (VaRequest *request)
{
  va_secret_free (request->body);
  g_clear_pointer (&request->plain, g_bytes_unref);
  if (request->entry != NULL)
    request->free_entry (g_steal_pointer (&request->entry));
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaRequest, va_exchange_request_clear)

VaRequest va_exchange_make_request (const VaExchange *exchange, struct MHD_Connection *mhd, const char *path,
                                    const char *method);
/** va_exchange_hold: @bytes in place of those that the exchange held before. Returns: FALSE: see va_account_hold() */
gboolean va_exchange_hold (VaExchange *exchange, gsize bytes);
/** va_exchange_refuse_busy: always FALSE, with VA_PROBLEM_BUSY. */
gboolean va_exchange_refuse_busy (GError **error, const char *why);
/** va_exchange_answer: takes @text, which counts as held until the exchange ends. */
enum MHD_Result va_exchange_answer (VaExchange *exchange, struct MHD_Connection *mhd, guint status, const char *type,
                                    char *text);
/** va_exchange_answer_error: @error: of VA_PROBLEM_ERROR */
enum MHD_Result va_exchange_answer_error (VaExchange *exchange, struct MHD_Connection *mhd, const GError *error);
/**
 * va_exchange_call_handler: has the whole request handled, and answers it. One whose handler has to wait for others
 * gets its answer later: it is called once more when that is there.
 */
enum MHD_Result va_exchange_call_handler (VaExchange *exchange, struct MHD_Connection *mhd, const char *path);
/** va_exchange_run_aside: the function of VaExchanges.aside; @data: a VaExchange. */
void va_exchange_run_aside (gpointer data, gpointer unused);

G_END_DECLS
