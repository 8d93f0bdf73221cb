/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/exchange-private.h"

#include "core/guid.h"
#include "core/i18n.h"
#include "http/server/request.h"
#include "http/server/transport.h"

#define FIRST_BODY 4096
#define FIRST_BODY_MAX (64u * 1024) /* nobody gets more for what he has only announced */
/* A refused client is read this far, or as far as its route goes, so that it gets its answer; then it is cut. */
#define DISCARD_MAX (128u * 1024)

VaExchange *
va_exchange_begin (VaExchanges *shared, VaConnection *connection, const char *target)
{
  VaExchange *exchange = g_new0 (VaExchange, 1);

  exchange->shared = shared;
  exchange->connection = connection;
  exchange->begun = g_get_monotonic_time ();
  exchange->handled = -1;
  exchange->code = -1;
  exchange->request_id = va_uuid_random ();
  exchange->last = !va_target_check (target, &exchange->refusal);
  if (exchange->last)
    g_debug ("request %s has a bad target", exchange->request_id);
  return exchange;
}

void
va_exchange_end (gpointer data)
{
  VaExchange *exchange = data;
  VaExchanges *shared = exchange->shared;

  if (exchange->corked)
    va_transport_uncork (exchange->connection);
  va_exchange_drop_body (exchange);
  va_handled_clear (&exchange->result);
  va_connection_set_deadline (exchange->connection, shared->timeout_seconds + shared->request_seconds);
  if (exchange->under_way)
    va_underway_leave (&shared->underway);
  va_route_match_clear (&exchange->match);
  g_clear_error (&exchange->refusal);
  g_free (exchange->allow);
  g_free (exchange->request_id);
  g_free (exchange);
}

/* The peer's own name for the request, so that its log and ours can be read together. */
static void
take_request_id (VaExchange *exchange)
{
  const char *id = va_head_header (exchange->head, VA_REQUEST_ID_HEADER);

  if (id == NULL || !va_request_id_is_valid (id))
    return;
  g_free (exchange->request_id);
  exchange->request_id = g_strdup (id);
}

gboolean
va_exchange_take_head (gpointer data, const VaHead *head)
{
  VaExchange *exchange = data;
  gsize announced = 0;
  gboolean admitted;

  /* From here on the end of the server waits for this request; after that end there is none. */
  exchange->under_way = va_underway_enter (&exchange->shared->underway);
  if (!exchange->under_way)
    return FALSE;
  exchange->head = head;
  va_connection_limit (exchange->connection, exchange->shared->request_seconds);
  take_request_id (exchange);
  admitted = va_exchange_admit (exchange, &announced);
  exchange->announced = announced != G_MAXSIZE ? announced : 0;
  if (admitted)
    return TRUE;
  va_exchange_report_refusal (exchange);
  if (!exchange->last && announced <= DISCARD_MAX && va_head_header (head, "Expect") == NULL)
    return TRUE;
  return va_exchange_answer_error (exchange, exchange->refusal);
}

gboolean
va_exchange_take_body (gpointer data, const char *piece, gsize size)
{
  VaExchange *exchange = data;
  gsize max = exchange->route != NULL ? exchange->route->max_body : 0;
  VaBody *body = &exchange->body;
  gsize needed = body->used + size;

  if (exchange->refusal == NULL && needed > max)
    va_request_refuse_size (max, &exchange->refusal);
  if (exchange->refusal == NULL && needed > body->room)
    {
      gsize first = CLAMP (exchange->announced, FIRST_BODY, FIRST_BODY_MAX);
      gsize grown = MIN (MAX (needed, body->room == 0 ? first : 2 * body->room), max);

      body->is_plain = exchange->route->plain_body;
      if (va_exchange_hold (exchange, grown))
        va_body_grow (body, grown);
      else
        va_exchange_refuse_busy (&exchange->refusal, _("the service is busy with other uploads; try again later"));
    }
  if (exchange->refusal != NULL)
    {
      va_exchange_drop_body (exchange);
      exchange->discarded += size;
      return exchange->discarded <= MAX (DISCARD_MAX, max);
    }
  va_body_add (body, piece, size);
  return TRUE;
}

gboolean
va_exchange_complete (gpointer data)
{
  VaExchange *exchange = data;

  return exchange->refusal != NULL ? va_exchange_answer_error (exchange, exchange->refusal)
                                   : va_exchange_call_handler (exchange);
}
