/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/exchange-private.h"

#include <string.h>
#include "core/guid.h"
#include "core/i18n.h"
#include "http/server/request.h"
#include "http/server/router.h"
#include "http/server/transport.h"

#define FIRST_BODY 4096
#define FIRST_BODY_MAX (64u * 1024) /* nobody gets more for what he has only announced */
#define SENT_ANYWAY (256u * 1024)   /* bytes of an answer that is sent whatever else is held */
#define COUNTED (16u * 1024)        /* bytes of an answer from which it counts as held */
#define CORKED_MAX (8u * 1024)      /* bytes of an answer that goes out in one piece with its headers */
#define RETRY_SECONDS 2             /* what a peer is asked to wait for when the service cannot answer just now */
/* A refused client is read this far, or as far as its route goes, so that it gets its answer; then it is cut. */
#define DISCARD_MAX (128u * 1024)

gboolean
va_exchanges_are_closed (VaExchanges *exchanges)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&exchanges->mutex);

  return exchanges->closed;
}

VaConnection *
va_exchange_connection (struct MHD_Connection *mhd)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

  return info != NULL ? info->socket_context : NULL;
}

void *
va_exchange_begin (void *data, const char *target, struct MHD_Connection *mhd)
{
  VaExchange *exchange = g_new0 (VaExchange, 1);

  exchange->shared = data;
  exchange->begun = g_get_monotonic_time ();
  exchange->handled = -1;
  exchange->code = -1;
  exchange->request_id = va_uuid_random ();
  exchange->head = (VaHead){ target, strlen (target) };
  exchange->last = !va_target_check (target, &exchange->refusal);
  if (exchange->last)
    g_debug ("request %s has a bad target", exchange->request_id);
  return exchange;
}

/* @bytes in place of those that the exchange held before. Returns: FALSE: see va_account_hold() */
gboolean
va_exchange_hold (VaExchange *exchange, gsize bytes)
{
  return va_account_hold (exchange->shared->account, exchange->identity, &exchange->held, bytes);
}

static void
drop_body (VaExchange *exchange)
{
  va_body_clear (&exchange->body);
  va_exchange_hold (exchange, 0);
}

void
va_exchange_end (void *data, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode how)
{
  VaExchanges *shared = data;
  VaExchange *exchange = *state;
  VaConnection *connection = va_exchange_connection (mhd);

  if (exchange == NULL)
    return;
  *state = NULL;
  if (exchange->corked)
    va_transport_uncork (mhd, connection);
  drop_body (exchange);
  va_handled_clear (&exchange->result);
  if (connection != NULL)
    {
      connection->answering = FALSE;
      va_connection_set_deadline (connection, shared->timeout_seconds + shared->request_seconds);
    }
  g_mutex_lock (&shared->mutex);
  if (exchange->under_way && --shared->active == 0 && shared->stopping)
    g_cond_broadcast (&shared->quiet);
  g_mutex_unlock (&shared->mutex);
  va_route_match_clear (&exchange->match);
  g_clear_error (&exchange->refusal);
  g_free (exchange->allow);
  g_free (exchange->request_id);
  g_free (exchange);
}

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

gboolean
va_exchange_refuse_busy (GError **error, const char *why)
{
  g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_BUSY, why);
  return FALSE;
}

/* Takes @text, which counts as held until the exchange ends. */
enum MHD_Result
va_exchange_answer (VaExchange *exchange, struct MHD_Connection *mhd, guint status, const char *type, char *text)
{
  gsize size = text != NULL ? strlen (text) : 0;
  VaConnection *connection = va_exchange_connection (mhd);
  g_autoptr(GError) unread = NULL;
  struct MHD_Response *response;
  enum MHD_Result result;
  gboolean stopping;

  drop_body (exchange);
  if (size > COUNTED && !va_exchange_hold (exchange, size) && size > SENT_ANYWAY)
    {
      g_free (text);
      va_exchange_refuse_busy (&unread, _("too much of what you have asked for waits for you to read it; read those "
                                          "answers first"));
      return va_exchange_answer_error (exchange, mhd, unread);
    }
  response = MHD_create_response_from_buffer_with_free_callback (size, text, g_free);
  if (response == NULL)
    {
      g_free (text);
      return MHD_NO;
    }
  g_mutex_lock (&exchange->shared->mutex);
  stopping = exchange->shared->stopping;
  g_mutex_unlock (&exchange->shared->mutex);
  MHD_add_response_header (response, VA_REQUEST_ID_HEADER, exchange->request_id);
  MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  if (text != NULL)
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  if (exchange->allow != NULL)
    MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, exchange->allow);
  if (exchange->retry_after != 0)
    {
      g_autofree char *seconds = g_strdup_printf ("%u", exchange->retry_after);

      MHD_add_response_header (response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
  if (stopping || exchange->last)
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
  report_exchange (exchange, status);
  if (connection != NULL)
    connection->answering = TRUE;
  result = MHD_queue_response (mhd, status, response);
  MHD_destroy_response (response);
  exchange->answered = TRUE;
  if (result == MHD_YES && size > 0 && size <= CORKED_MAX)
    {
      va_transport_cork (mhd);
      exchange->corked = TRUE;
    }
  return result;
}

enum MHD_Result
va_exchange_answer_error (VaExchange *exchange, struct MHD_Connection *mhd, const GError *error)
{
  g_autoptr(JsonObject) object = va_problem_write (error);
  guint status = va_problem_status ((VaProblemCode) error->code);

  exchange->code = error->code;
  if (status == MHD_HTTP_SERVICE_UNAVAILABLE && exchange->retry_after == 0)
    exchange->retry_after = RETRY_SECONDS;
  return va_exchange_answer (exchange, mhd, status, "application/problem+json", va_json_print (object));
}

/* Refused before there was a handler: for the role, or because the certificate counts no more. */
static void
report_refusal (VaExchange *exchange, struct MHD_Connection *mhd, const char *path, const char *method)
{
  g_auto(VaRequest) request = va_exchange_make_request (exchange, mhd, path, method);
  const VaConnection *connection = va_exchange_connection (mhd);

  if (exchange->shared->refused == NULL || !connection->verified)
    return;
  request.identity = &connection->identity;
  exchange->shared->refused (&request, &exchange->refusal, exchange->shared->user_data);
}

static gboolean
admit_request (VaExchange *exchange, struct MHD_Connection *mhd, const char *path, const char *method, gsize *announced)
{
  const VaRoute *route = NULL;
  GError **error = &exchange->refusal;
  gsize max_body = 0;
  g_autoptr(GError) size_error = NULL;
  gboolean size_ok;

  if (exchange->refusal == NULL && !g_utf8_validate (path, -1, NULL))
    g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, _("the path is not UTF-8 text"));
  if (exchange->refusal == NULL)
    route = exchange->route =
      va_route_find (exchange->shared->routes, method, path, &exchange->match, &exchange->allow, error);
  if (route != NULL)
    max_body = route->max_body;
  size_ok = va_request_check_body (mhd, method, max_body, announced, &size_error);
  if (exchange->refusal != NULL)
    return FALSE;
  if (!va_route_admit (route, exchange->identity, error) || !va_request_check_query (mhd, error))
    return FALSE;
  if (!size_ok)
    g_propagate_error (error, g_steal_pointer (&size_error));
  return size_ok;
}

/* After a reload with another CA. */
static void
refuse_untrusted (VaExchange *exchange, VaConnection *connection)
{
  if (exchange->identity == NULL
      || va_trust_still_verifies (exchange->shared->trust, &connection->certificate.chain, &connection->trust))
    return;
  exchange->identity = NULL;
  exchange->last = TRUE;
  g_clear_error (&exchange->refusal);
  g_set_error (&exchange->refusal, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED,
               _("the client certificate is not one of the service's CA any more; connect again with a new one"));
}

/* A certificate that was taken back counts as none, on connections that it opened before, too. */
static void
refuse_revoked (VaExchange *exchange, VaConnection *connection)
{
  VaRevocation *revocation = exchange->shared->revocation;
  VaVerdictOnPeer verdict;

  if (exchange->identity == NULL || revocation == NULL)
    return;
  verdict = va_revocation_judge (revocation, exchange->identity, &connection->certificate);
  atomic_store (&exchange->shared->statistics->revocation_is_bad, !va_revocation_is_complete (revocation));
  if (verdict == VA_PEER_ALLOWED)
    return;
  g_message (verdict == VA_PEER_DENIED ? "request %s: %s “%s” or the certificate is in the deny list"
                                       : "request %s: the certificate of %s “%s” is revoked",
             exchange->request_id, va_role_name (exchange->identity->role), exchange->identity->name);
  exchange->identity = NULL;
  if (exchange->refusal == NULL)
    g_set_error_literal (&exchange->refusal, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED,
                         verdict == VA_PEER_DENIED ? _("your name or your client certificate is in the service's deny "
                                                       "list; ask the operator of the "
                                                       "service why")
                                                   : _("the client certificate has been revoked; ask the operator of "
                                                       "the service for a new one"));
}

/* What is not clear may be read otherwise by a proxy on the way: nothing behind it on this connection is believed. */
static void
refuse_unclear (VaExchange *exchange, struct MHD_Connection *mhd, const char *method, const char *version)
{
  g_autoptr(GError) unclear = NULL;

  if (va_head_check (&exchange->head, mhd, method, version, &unclear))
    return;
  exchange->last = TRUE;
  if (exchange->refusal == NULL)
    exchange->refusal = g_steal_pointer (&unclear);
}

/* The peer's own name for the request, so that its log and ours can be read together. */
static void
take_request_id (VaExchange *exchange, struct MHD_Connection *mhd)
{
  const char *id = MHD_lookup_connection_value (mhd, MHD_HEADER_KIND, VA_REQUEST_ID_HEADER);

  if (id == NULL || !va_request_id_is_valid (id))
    return;
  g_free (exchange->request_id);
  exchange->request_id = g_strdup (id);
}

/* From here on the end of the server waits for this request; after that end there is none. */
static gboolean
enter_account (VaExchange *exchange)
{
  VaExchanges *shared = exchange->shared;

  g_mutex_lock (&shared->mutex);
  exchange->under_way = !shared->closed;
  if (exchange->under_way)
    shared->active++;
  g_mutex_unlock (&shared->mutex);
  return exchange->under_way;
}

/* The headers are there, the body is not. */
static enum MHD_Result
start_exchange (VaExchange *exchange, struct MHD_Connection *mhd, const char *path, const char *method,
                const char *version)
{
  VaConnection *connection = va_exchange_connection (mhd);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gsize announced = 0;
  gboolean admitted;

  if (connection == NULL || !enter_account (exchange))
    return MHD_NO;
  va_connection_limit (connection, exchange->shared->request_seconds);
  take_request_id (exchange, mhd);
  exchange->identity = connection->verified && now < connection->valid_until ? &connection->identity : NULL;
  refuse_untrusted (exchange, connection);
  refuse_revoked (exchange, connection);
  refuse_unclear (exchange, mhd, method, version);
  admitted = admit_request (exchange, mhd, path, method, &announced);
  exchange->announced = announced != G_MAXSIZE ? announced : 0;
  if (admitted)
    return MHD_YES;
  report_refusal (exchange, mhd, path, method);
  if (!exchange->last && announced <= DISCARD_MAX
      && MHD_lookup_connection_value (mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) == NULL)
    return MHD_YES;
  return va_exchange_answer_error (exchange, mhd, exchange->refusal);
}

static gboolean
take_body (VaExchange *exchange, const char *data, gsize size)
{
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
      drop_body (exchange);
      exchange->discarded += size;
      return exchange->discarded <= MAX (DISCARD_MAX, max);
    }
  va_body_add (body, data, size);
  return TRUE;
}

enum MHD_Result
va_exchange_continue (void *data, struct MHD_Connection *mhd, const char *path, const char *method, const char *version,
                      const char *upload, size_t *upload_size, void **state)
{
  VaExchange *exchange = *state;

  if (exchange == NULL)
    return MHD_NO;
  if (!exchange->under_way)
    return start_exchange (exchange, mhd, path, method, version);
  if (*upload_size > 0)
    {
      gboolean taken = take_body (exchange, upload, *upload_size);

      /* libmicrohttpd would leave it in its buffer, and the body may be a secret. */
      va_wipe ((gpointer) upload, *upload_size);
      *upload_size = 0;
      return taken ? MHD_YES : MHD_NO;
    }
  if (exchange->answered)
    return MHD_YES;
  if (exchange->refusal != NULL)
    return va_exchange_answer_error (exchange, mhd, exchange->refusal);
  return va_exchange_call_handler (exchange, mhd, path);
}
