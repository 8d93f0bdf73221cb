/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/account.h"
#include "http/server/connection.h"
#include "http/server/server.h"
#include "http/server/underway.h"
#include "pki/trust.h"

G_BEGIN_DECLS

/** What all requests of a server share. */
typedef struct {
  const VaRoute *routes;
  gpointer user_data;
  guint timeout_seconds, request_seconds;
  VaRefused refused;        /* or %NULL */
  VaFinished finished;      /* or %NULL */
  VaRevocation *revocation; /* or %NULL */
  VaTrust *trust;
  GThreadPool *aside; /* handlers that wait for others, so that no thread which serves connections does */
  VaServerStatistics *statistics;
  VaUnderway underway;
  VaAccount *account; /* bodies and answers in memory */
} VaExchanges;

typedef struct _VaExchange VaExchange;

/** va_exchange_begin: the moments of a request, as VaEngineCalls has them. */
VaExchange *va_exchange_begin (VaExchanges *shared, VaConnection *connection, const char *target);
/** va_exchange_take_head: the head has come and is unambiguous. */
gboolean va_exchange_take_head (gpointer exchange, const VaHead *head);
/** va_exchange_take_body: another piece of the body. */
gboolean va_exchange_take_body (gpointer exchange, const char *piece, gsize size);
/** va_exchange_complete: the whole body has come. */
gboolean va_exchange_complete (gpointer exchange);
/** va_exchange_end: the answer went out, or the connection ended. */
void va_exchange_end (gpointer exchange);
/** va_exchange_run_aside: the function of VaExchanges.aside; @exchange: a VaExchange */
void va_exchange_run_aside (gpointer exchange, gpointer unused);

G_END_DECLS
