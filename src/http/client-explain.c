/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-explain.h"

#include "core/error.h"
#include "core/i18n.h"

static gboolean
explain_answer (const VaClientCall *call, const char *why, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service at %s gave a broken answer: %s"), call->url,
               why);
  return FALSE;
}

static gboolean
explain_unreached (const VaClientCall *call, const char *why, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("cannot reach the service at %s: %s"), call->url, why);
  return FALSE;
}

static char *
date_text (gint64 seconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
}

/* A server says little to a client that it refuses; a reason that is known here is worth more. */
static gboolean
explain_closed (const VaClientCall *call, GError **error)
{
  const VaClientTrust *trust = call->trust;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *date = NULL;

  if (trust->certificate != NULL && (now > trust->ends || now < trust->begins))
    {
      date = date_text (now > trust->ends ? trust->ends : trust->begins);
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                   now > trust->ends
                     ? _("cannot reach the service at %s: it refused the client certificate %s, which ended on %s; have "
                         "the site's CA issue a new one (virt-attest ca issue)")
                     : _("cannot reach the service at %s: it refused the client certificate %s, which is not valid "
                         "before %s; check the clock"), call->url, trust->certificate_file, date);
    }
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("cannot reach the service at %s: it closed the connection (%s); it may have refused the client "
                   "certificate, see the service's log"), call->url, call->error->message);
  return FALSE;
}

gboolean
va_client_explain (const VaClientCall *call, GError **error)
{
  g_autofree char *flood = NULL;

  if (call->peer_fault != NULL)
    return explain_unreached (call, call->peer_fault, error);
  if (call->answer_fault != NULL)
    return explain_answer (call, call->answer_fault, error);
  if (call->verdict == VA_CLIENT_VERDICT_FLOOD)
    {
      flood = g_strdup_printf (_("it sent far more than the %" G_GSIZE_FORMAT " bytes that are taken"),
                               call->max_reply);
      return explain_answer (call, flood, error);
    }
  if (call->verdict == VA_CLIENT_VERDICT_LATE)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("the service at %s did not answer within %u ms"),
                   call->url, call->request->deadline_ms);
      return FALSE;
    }
  if (call->answering || call->error->domain == SOUP_SESSION_ERROR)
    return explain_answer (call, call->error->message, error);
  if (call->handshake_done)
    return explain_closed (call, error);
  return explain_unreached (call, call->error->message, error);
}

gboolean
va_client_explain_address (const VaClientCall *call, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s%s” is not a valid address"), call->url,
               call->request->path);
  return FALSE;
}
