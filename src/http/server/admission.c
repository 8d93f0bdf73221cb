/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/exchange-private.h"

#include "core/error.h"
#include "core/i18n.h"
#include "http/server/request.h"

gboolean
va_exchange_hold (VaExchange *exchange, gsize bytes)
{
  return va_account_hold (exchange->shared->account, exchange->identity, &exchange->held, bytes);
}

void
va_exchange_drop_body (VaExchange *exchange)
{
  va_body_clear (&exchange->body);
  va_exchange_hold (exchange, 0);
}

gboolean
va_exchange_refuse_busy (GError **error, const char *why)
{
  g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_BUSY, why);
  return FALSE;
}

/* After a reload with another CA. */
static void
refuse_untrusted (VaExchange *exchange)
{
  VaConnection *connection = exchange->connection;

  if (exchange->identity == NULL
      || va_trust_still_verifies (exchange->shared->trust, &connection->certificate.chain, &connection->trust))
    return;
  exchange->identity = NULL;
  exchange->last = TRUE;
  g_clear_error (&exchange->refusal);
  g_set_error (&exchange->refusal, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED,
               _("the client certificate is no longer one of the service's CA; connect again with a new one"));
}

/* A certificate that was taken back counts as none, on connections that it opened before, too. */
static void
refuse_revoked (VaExchange *exchange)
{
  VaRevocation *revocation = exchange->shared->revocation;
  VaVerdictOnPeer verdict;

  if (exchange->identity == NULL || revocation == NULL)
    return;
  verdict = va_revocation_judge (revocation, exchange->identity, &exchange->connection->certificate);
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
                                                       "list; ask the service's operator")
                                                   : _("the client certificate has been revoked; ask the operator of "
                                                       "the service for a new one"));
}

/* What is not clear may be read otherwise by a proxy on the way: nothing behind it on this connection is believed. */
static void
refuse_unclear (VaExchange *exchange)
{
  g_autoptr(GError) unclear = NULL;

  if (va_head_check (exchange->head, &unclear))
    return;
  exchange->last = TRUE;
  if (exchange->refusal == NULL)
    exchange->refusal = g_steal_pointer (&unclear);
}

static gboolean
admit_request (VaExchange *exchange, gsize *announced)
{
  const VaHead *head = exchange->head;
  const VaRoute *route = NULL;
  GError **error = &exchange->refusal;
  gsize max_body = 0;
  g_autoptr(GError) size_error = NULL;
  gboolean size_ok;

  if (exchange->refusal == NULL && !g_utf8_validate (head->path, -1, NULL))
    g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, _("the path is not UTF-8 text"));
  if (exchange->refusal == NULL)
    route = exchange->route =
      va_route_find (exchange->shared->routes, head->method, head->path, &exchange->match, &exchange->allow, error);
  if (route != NULL)
    max_body = route->max_body;
  size_ok = va_request_check_body (head, max_body, announced, &size_error);
  if (exchange->refusal != NULL)
    return FALSE;
  if (!va_route_admit (route, exchange->identity, error) || !va_request_check_query (head, error))
    return FALSE;
  if (!size_ok)
    g_propagate_error (error, g_steal_pointer (&size_error));
  return size_ok;
}

gboolean
va_exchange_admit (VaExchange *exchange, gsize *announced)
{
  VaConnection *connection = exchange->connection;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  exchange->identity = connection->verified && now < connection->valid_until ? &connection->identity : NULL;
  refuse_untrusted (exchange);
  refuse_revoked (exchange);
  refuse_unclear (exchange);
  return admit_request (exchange, announced);
}
