/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "http/server/exchange-private.h"

#define ASIDE_MAX 64 /* requests that wait for a thread which may wait */

void
va_handled_clear (VaHandled *handled)
{
  g_clear_pointer (&handled->response.json, json_object_unref);
  g_clear_pointer (&handled->response.text, g_free);
  g_clear_error (&handled->error);
}

/* What went wrong inside is logged; the peer is told where to look. */
static enum MHD_Result
answer_failure (VaExchange *exchange, struct MHD_Connection *mhd, const GError *error)
{
  g_autoptr(GError) told = NULL;

  if (error != NULL && error->domain == VA_PROBLEM_ERROR)
    {
      if (va_problem_status ((VaProblemCode) error->code) >= 500)
        g_message ("request %s: %s %s: %s", exchange->request_id, exchange->route->method, exchange->route->pattern,
                   error->message);
      return va_exchange_answer_error (exchange, mhd, error);
    }
  g_warning ("request %s: %s %s failed: %s", exchange->request_id, exchange->route->method, exchange->route->pattern,
             error != NULL ? error->message : "no reason given");
  g_set_error (&told, VA_PROBLEM_ERROR, VA_PROBLEM_INTERNAL,
               _("the service made a mistake; its log says more about request %s"), exchange->request_id);
  return va_exchange_answer_error (exchange, mhd, told);
}

VaRequest
va_exchange_make_request (const VaExchange *exchange, struct MHD_Connection *mhd, const char *path, const char *method)
{
  const VaConnection *connection = va_exchange_connection (mhd);
  VaRequest request = { .method = method,
                        .path = path,
                        .identity = exchange->identity,
                        .request_id = exchange->request_id,
                        .connection = mhd };

  for (guint i = 0; i < VA_ROUTE_PARTS; i++)
    request.parts[i] = exchange->match.parts[i];
  request.name = exchange->route != NULL ? exchange->route->name : NULL;
  request.certificate = connection != NULL && connection->verified ? connection->certificate.fingerprint : NULL;
  return request;
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
    return va_exchange_refuse_busy (error,
                                    _("you have asked for too many lists at once; wait for their answers first"));
  ok = va_exchange_hold (exchange, route->max_answer)
         ? route->handler (request, response, exchange->shared->user_data, error)
         : va_exchange_refuse_busy (error, _("too much of what you have asked for waits for you to read it; read those "
                                             "answers first"));
  va_account_end_list (account, exchange->identity);
  return ok;
}

/* Returns: FALSE: the handler has done nothing yet, since it would have to wait, and @may_wait is not set */
static gboolean
handle_exchange (VaExchange *exchange, struct MHD_Connection *mhd, const char *path, gboolean may_wait)
{
  g_auto(VaRequest) request = va_exchange_make_request (exchange, mhd, path, exchange->route->method);
  VaHandled *result = &exchange->result;
  gint64 begun = g_get_monotonic_time ();

  result->response.status = MHD_HTTP_OK;
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

static enum MHD_Result
answer_handled (VaExchange *exchange, struct MHD_Connection *mhd)
{
  VaResponse *response = &exchange->result.response;

  if (!exchange->result.ok)
    return answer_failure (exchange, mhd, exchange->result.error);
  if (response->json != NULL)
    return va_exchange_answer (exchange, mhd, response->status, "application/json", va_json_print (response->json));
  return va_exchange_answer (exchange, mhd, response->status,
                             response->type != NULL ? response->type : "text/plain; charset=utf-8",
                             g_steal_pointer (&response->text));
}

void
va_exchange_run_aside (gpointer data, gpointer unused)
{
  VaExchange *exchange = data;

  (void) unused;
  /* What still waits when the server has lost its patience has nobody asked any more. */
  if (!handle_exchange (exchange, exchange->mhd, exchange->path, !va_exchanges_are_closed (exchange->shared)))
    va_exchange_refuse_busy (&exchange->result.error, _("the service is stopping"));
  MHD_resume_connection (exchange->mhd);
}

enum MHD_Result
va_exchange_call_handler (VaExchange *exchange, struct MHD_Connection *mhd, const char *path)
{
  g_autoptr(GError) busy = NULL;

  if (exchange->aside || handle_exchange (exchange, mhd, path, FALSE))
    return answer_handled (exchange, mhd);
  if (g_thread_pool_unprocessed (exchange->shared->aside) >= ASIDE_MAX)
    {
      va_exchange_refuse_busy (&busy, _("too many requests wait for another server's answer; try again later"));
      return va_exchange_answer_error (exchange, mhd, busy);
    }
  exchange->aside = TRUE;
  exchange->mhd = mhd;
  exchange->path = path;
  MHD_suspend_connection (mhd);
  g_thread_pool_push (exchange->shared->aside, exchange, NULL);
  return MHD_YES;
}
