/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/exchange-private.h"

#include "core/i18n.h"
#include "http/server/engine.h"

#define ASIDE_MAX 64 /* requests that wait for a thread which may wait */

void
va_handled_clear (VaHandled *handled)
{
  g_clear_pointer (&handled->response.json, json_object_unref);
  g_clear_pointer (&handled->response.text, g_free);
  g_clear_error (&handled->error);
}

/* What went wrong inside is logged; the peer is told where to look. */
static gboolean
answer_failure (VaExchange *exchange, const GError *error)
{
  g_autoptr(GError) told = NULL;

  if (error != NULL && error->domain == VA_PROBLEM_ERROR)
    {
      if (va_problem_status ((VaProblemCode) error->code) >= 500)
        g_message ("request %s: %s %s: %s", exchange->request_id, exchange->route->method, exchange->route->pattern,
                   error->message);
      return va_exchange_answer_error (exchange, error);
    }
  g_warning ("request %s: %s %s failed: %s", exchange->request_id, exchange->route->method, exchange->route->pattern,
             error != NULL ? error->message : "no reason given");
  g_set_error (&told, VA_PROBLEM_ERROR, VA_PROBLEM_INTERNAL, _("internal error; see the service's log, request %s"),
               exchange->request_id);
  return va_exchange_answer_error (exchange, told);
}

static void
clear_request (VaRequest *request)
{
  va_secret_free (request->body);
  g_clear_pointer (&request->plain, g_bytes_unref);
  if (request->entry != NULL)
    request->free_entry (g_steal_pointer (&request->entry));
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaRequest, clear_request)

static VaRequest
make_request (const VaExchange *exchange)
{
  const VaConnection *connection = exchange->connection;
  VaRequest request = { .method = exchange->head->method,
                        .path = exchange->head->path,
                        .identity = exchange->identity,
                        .request_id = exchange->request_id,
                        .head = exchange->head };

  for (guint i = 0; i < VA_ROUTE_PARTS; i++)
    request.parts[i] = exchange->match.parts[i];
  request.name = exchange->route != NULL ? exchange->route->name : NULL;
  request.certificate = connection->verified ? connection->certificate.fingerprint : NULL;
  return request;
}

/* For the role, or because the certificate counts no more. */
void
va_exchange_report_refusal (VaExchange *exchange)
{
  g_auto(VaRequest) request = make_request (exchange);

  if (exchange->shared->refused == NULL || !exchange->connection->verified)
    return;
  request.identity = &exchange->connection->identity;
  exchange->shared->refused (&request, &exchange->refusal, exchange->shared->user_data);
}

/* What the answer of a list may come to counts before it is made, and a peer has few of them made at once. */
static gboolean
run_handler (VaExchange *exchange, VaRequest *request, VaResponse *response, GError **error)
{
  const VaRoute *route = exchange->route;
  VaAccount *account = exchange->shared->account;
  gboolean ok;

  if (route->max_answer == 0)
    return route->handler (request, response, exchange->shared->user_data, error);
  if (!va_account_begin_list (account, exchange->identity))
    return va_exchange_refuse_busy (error, _("you have requested too many lists at the same time; wait for their "
                                             "answers first"));
  ok = va_exchange_hold (exchange, route->max_answer)
         ? route->handler (request, response, exchange->shared->user_data, error)
         : va_exchange_refuse_busy (error, _("too many of your answers are waiting to be read; read them first"));
  va_account_end_list (account, exchange->identity);
  return ok;
}

/* Returns: FALSE: the handler has done nothing yet, since it would have to wait, and @may_wait is not set */
static gboolean
handle_exchange (VaExchange *exchange, gboolean may_wait)
{
  g_auto(VaRequest) request = make_request (exchange);
  VaHandled *result = &exchange->result;
  gint64 begun = g_get_monotonic_time ();

  result->response.status = 200;
  request.may_wait = may_wait;
  if (exchange->route->plain_body)
    request.plain = va_body_take_plain (&exchange->body);
  request.body = va_body_take_secret (&exchange->body);
  result->ok = run_handler (exchange, &request, &result->response, &result->error);
  if (!result->ok && request.must_wait && !may_wait)
    {
      va_body_put_back (&exchange->body, g_steal_pointer (&request.body));
      va_handled_clear (result);
      return FALSE;
    }
  exchange->retry_after = result->response.retry_after;
  if (!result->ok && exchange->shared->refused != NULL && exchange->identity != NULL && result->error != NULL
      && result->error->domain == VA_PROBLEM_ERROR)
    exchange->shared->refused (&request, &result->error, exchange->shared->user_data);
  exchange->handled = g_get_monotonic_time () - begun;
  return TRUE;
}

static gboolean
answer_handled (VaExchange *exchange)
{
  VaResponse *response = &exchange->result.response;

  if (!exchange->result.ok)
    return answer_failure (exchange, exchange->result.error);
  if (response->json != NULL)
    return va_exchange_answer (exchange, response->status, "application/json", va_json_print (response->json));
  return va_exchange_answer (exchange, response->status,
                             response->type != NULL ? response->type : "text/plain; charset=utf-8",
                             g_steal_pointer (&response->text));
}

void
va_exchange_run_aside (gpointer data, gpointer unused)
{
  VaExchange *exchange = data;

  (void) unused;
  /* What still waits when the server has lost its patience has nobody asked any more. */
  if (!handle_exchange (exchange, !va_underway_is_closed (&exchange->shared->underway)))
    va_exchange_refuse_busy (&exchange->result.error, _("the service is stopping"));
  va_wire_resume (exchange->connection->wire);
}

gboolean
va_exchange_call_handler (VaExchange *exchange)
{
  g_autoptr(GError) busy = NULL;

  if (exchange->aside || handle_exchange (exchange, FALSE))
    return answer_handled (exchange);
  if (g_thread_pool_unprocessed (exchange->shared->aside) >= ASIDE_MAX)
    {
      va_exchange_refuse_busy (&busy, _("too many requests are waiting for another server's answer; try again later"));
      return va_exchange_answer_error (exchange, busy);
    }
  exchange->aside = TRUE;
  va_wire_suspend (exchange->connection->wire);
  g_thread_pool_push (exchange->shared->aside, exchange, NULL);
  return TRUE;
}
