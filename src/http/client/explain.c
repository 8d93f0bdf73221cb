/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/explain.h"

#include "core/error.h"
#include "core/i18n.h"

static gboolean
explain_answer (const VaClientCall *call, const char *why, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service at %s sent an invalid answer: %s"), call->url,
               why);
  return FALSE;
}

static gboolean
explain_unreached (const VaClientCall *call, const char *why, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("cannot reach the service at %s: %s"), call->url, why);
  return FALSE;
}

char *
va_client_date_text (GDateTime *time)
{
  g_autoptr(GDateTime) utc = time != NULL ? g_date_time_to_utc (time) : NULL;

  return utc != NULL ? g_date_time_format (utc, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
}

/* Why a service refuses the client's own certificate, as far as that can be seen from here; %NULL if it looks good. */
static char *
find_own_fault (const VaClientTrust *trust)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr(GDateTime) begins = g_date_time_new_from_unix_utc (trust->begins),
                       ends = g_date_time_new_from_unix_utc (trust->ends);
  g_autofree char *from = va_client_date_text (begins), *until = va_client_date_text (ends);
  g_autofree char *issuer = g_tls_certificate_get_issuer_name (trust->certificate), *lack = NULL;
  GTlsCertificateFlags flags;

  if (now > trust->ends)
    return g_strdup_printf (_("which expired on %s; have the site's CA issue a new one (virt-attest ca issue)"), until);
  if (now < trust->begins)
    return g_strdup_printf (_("which is not valid before %s; check the clock"), from);
  flags = g_tls_database_verify_chain (trust->authorities, trust->certificate,
                                       G_TLS_DATABASE_PURPOSE_AUTHENTICATE_CLIENT, NULL, NULL,
                                       G_TLS_DATABASE_VERIFY_NONE, NULL, NULL);
  if ((flags & G_TLS_CERTIFICATE_UNKNOWN_CA) != 0)
    return g_strdup_printf (_("which is signed by “%s”, not by the CA in %s, which signed the service's certificate; "
                              "have the site's CA issue one (virt-attest ca issue)"),
                            issuer != NULL ? issuer : "?", trust->ca_file);
  lack = va_client_trust_lacks (trust);
  return lack != NULL ? g_strdup_printf (_("which is not valid for this service: %s"), lack) : NULL;
}

/* A server says little to a client that it refuses; a reason that is known here is worth more. */
static gboolean
explain_closed (const VaClientCall *call, GError **error)
{
  const VaClientTrust *trust = call->trust;
  g_autofree char *fault = trust->certificate != NULL ? find_own_fault (trust) : NULL;

  if (fault != NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("cannot reach the service at %s: it refused the client certificate %s, %s"), call->url,
                 trust->certificate_file, fault);
  else if (trust->certificate != NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("cannot reach the service at %s: it closed the connection before it answered; it may have refused "
                   "the client certificate %s (revoked, denied, or from an unknown CA), or it may be restarting: see "
                   "its journal"),
                 call->url, trust->certificate_file);
  else
    return explain_unreached (call, _("it closed the connection before it answered"), error);
  return FALSE;
}

/* What keeps a connection from being made, as somebody can mend it; %NULL for what is rare. */
static const char *
name_obstacle (const GError *why, gboolean ours)
{
  if (g_error_matches (why, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE))
    return _("its name cannot be looked up, because no name server answers; check the network and /etc/resolv.conf");
  if (why->domain == G_RESOLVER_ERROR)
    return _("its name is unknown; check the spelling in the URL, DNS and /etc/hosts");
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return ours ? _("nothing listens there; check host and port in the URL, and that virt-attestd runs (systemctl "
                    "status virt-attestd)")
                : _("nothing listens there; check host and port in the URL");
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE)
      || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE))
    return _("there is no route to that host; check the network and the address that its name resolves to");
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return _("the host does not answer; check that it is up and that no firewall is in the way");
  return NULL;
}

/* The connection failed before the TLS handshake was over. */
static gboolean
explain_unconnected (const VaClientCall *call, GError **error)
{
  const GError *why = call->error;
  gboolean ours = call->trust->certificate != NULL;
  const char *obstacle = name_obstacle (why, ours);

  if (obstacle != NULL)
    return explain_unreached (call, obstacle, error);
  if (call->connected && why->domain == G_TLS_ERROR && !g_error_matches (why, G_TLS_ERROR, G_TLS_ERROR_EOF)
      && !g_error_matches (why, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS))
    return explain_unreached (call,
                              !ours
                                ? _("the server there does not speak TLS 1.2 or 1.3; check host and port in the URL")
                                : _("the server there does not speak TLS 1.3 as virt-attestd does; check host and port "
                                    "in the URL (it may be plain HTTP, another program, or an old proxy)"),
                              error);
  if (call->connected || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return explain_unreached (call,
                              _("the connection was closed before the TLS handshake was complete; check host and port "
                                "in the URL (is it a port for HTTPS?), and any proxy or firewall in between"),
                              error);
  return explain_unreached (call, why->message, error);
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
      flood = g_strdup_printf (_("it sent far more than the limit of %zu bytes"), call->max_reply);
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
  return explain_unconnected (call, error);
}

gboolean
va_client_explain_address (const VaClientCall *call, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s%s” is not a valid address"), call->url,
               call->request->path);
  return FALSE;
}
