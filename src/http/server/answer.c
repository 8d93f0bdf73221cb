/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/exchange-private.h"

#include <string.h>
#include "core/i18n.h"
#include "http/server/engine.h"
#include "http/server/transport.h"

#define SENT_ANYWAY (256u * 1024) /* bytes of an answer that is sent whatever else is held */
#define COUNTED (16u * 1024)      /* bytes of an answer from which it counts as held */
#define CORKED_MAX (8u * 1024)    /* bytes of an answer that goes out in one piece with its headers */
#define RETRY_SECONDS 2           /* what a peer is asked to wait for when the service cannot answer just now */

static void
report_exchange (const VaExchange *exchange, guint status)
{
  const VaFinishedRequest finished = { exchange->route, status, exchange->code, exchange->handled };

  if (exchange->shared->finished != NULL)
    exchange->shared->finished (&finished, exchange->shared->user_data);
  g_info ("request %s: %s %s by %s %s: %u after %u ms", exchange->request_id,
          exchange->route != NULL ? exchange->route->method : "-",
          exchange->route != NULL ? exchange->route->pattern : "-",
          exchange->identity != NULL ? va_role_name (exchange->identity->role) : "nobody",
          exchange->identity != NULL ? exchange->identity->name : "", status,
          (guint) ((g_get_monotonic_time () - exchange->begun) / 1000));
}

static gboolean
send_answer (VaExchange *exchange, guint status, const char *type, char *text, gsize size)
{
  gboolean ends = va_underway_is_stopping (&exchange->shared->underway) || exchange->last;
  char seconds[16];
  const VaAnswerHeader headers[] = {
    { VA_REQUEST_ID_HEADER, exchange->request_id },
    { "Cache-Control", "no-store" },
    { "Content-Type", text != NULL ? type : NULL },
    { "Allow", exchange->allow },
    { "Retry-After", exchange->retry_after != 0 ? seconds : NULL },
    { "Connection", ends ? "close" : NULL },
  };
  const VaAnswer answer = { status, text, size, headers, G_N_ELEMENTS (headers) };

  g_snprintf (seconds, sizeof seconds, "%u", exchange->retry_after);
  report_exchange (exchange, status);
  if (!va_wire_answer (exchange->connection->wire, &answer))
    return FALSE;
  exchange->corked = size > 0 && size <= CORKED_MAX;
  if (exchange->corked)
    va_transport_cork (exchange->connection);
  return TRUE;
}

gboolean
va_exchange_answer (VaExchange *exchange, guint status, const char *type, char *text)
{
  gsize size = text != NULL ? strlen (text) : 0;
  g_autoptr(GError) unread = NULL;

  va_exchange_drop_body (exchange);
  if (size <= COUNTED || va_exchange_hold (exchange, size) || size <= SENT_ANYWAY)
    return send_answer (exchange, status, type, text, size);
  g_free (text);
  va_exchange_refuse_busy (&unread, _("too many of your answers are waiting to be read; read them first"));
  return va_exchange_answer_error (exchange, unread);
}

gboolean
va_exchange_answer_error (VaExchange *exchange, const GError *error)
{
  g_autoptr(JsonObject) object = va_problem_write (error);
  guint status = va_problem_status ((VaProblemCode) error->code);

  exchange->code = error->code;
  if (status == 503 && exchange->retry_after == 0)
    exchange->retry_after = RETRY_SECONDS;
  return va_exchange_answer (exchange, status, "application/problem+json", va_json_print (object));
}
