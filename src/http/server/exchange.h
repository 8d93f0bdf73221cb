/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <microhttpd.h>
#include "http/server/account.h"
#include "http/server/connection.h"
#include "http/server/server.h"
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
  GMutex mutex;
  GCond quiet; /* no request is under way */
  guint active;
  gboolean stopping;  /* answers end their connection */
  gboolean closed;    /* no request is begun any more */
  VaAccount *account; /* bodies and answers in memory */
} VaExchanges;

/** The three moments of a request, as libmicrohttpd calls them; @data is the VaExchanges. */
void *va_exchange_begin (void *data, const char *target, struct MHD_Connection *mhd);
enum MHD_Result va_exchange_continue (void *data, struct MHD_Connection *mhd, const char *path, const char *method,
                                      const char *version, const char *upload, size_t *upload_size, void **state);
void va_exchange_end (void *data, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode how);

/** va_exchanges_are_closed: whether the server has waited long enough for what is under way. */
gboolean va_exchanges_are_closed (VaExchanges *exchanges);
/** va_exchange_connection: our part of libmicrohttpd's connection. */
VaConnection *va_exchange_connection (struct MHD_Connection *mhd);

G_END_DECLS
