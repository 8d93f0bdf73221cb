/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/tls.h"

#include "api/problem.h"
#include "core/i18n.h"
#include "http/x509.h"

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED, why);
  return FALSE;
}

static gboolean
check_chain (gnutls_session_t session, GError **error)
{
  gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, 0 };
  unsigned status = 0;
  gnutls_datum_t text = { NULL, 0 };

  if (gnutls_certificate_verify_peers (session, &purpose, 1, &status) < 0)
    return refuse (error, _("the client certificate cannot be verified"));
  if (status == 0)
    return TRUE;
  if (gnutls_certificate_verification_status_print (status, GNUTLS_CRT_X509, &text, 0) >= 0)
    {
      refuse (error, (const char *) text.data);
      gnutls_free (text.data);
      return FALSE;
    }
  return refuse (error, _("the client certificate does not verify"));
}

static gboolean
check_client (gnutls_session_t session, VaConnection *connection, GError **error)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  unsigned count = 0;
  const gnutls_datum_t *chain;

  if (gnutls_protocol_get_version (session) != GNUTLS_TLS1_3)
    return refuse (error, _("the client does not speak TLS 1.3"));
  if (gnutls_certificate_type_get2 (session, GNUTLS_CTYPE_CLIENT) != GNUTLS_CRT_X509)
    return refuse (error, _("the client has no X.509 certificate"));
  if (!check_chain (session, error))
    return FALSE;
  chain = gnutls_certificate_get_peers (session, &count);
  if (chain == NULL || count == 0 || gnutls_x509_crt_init (&certificate) < 0 ||
      gnutls_x509_crt_import (certificate, &chain[0], GNUTLS_X509_FMT_DER) < 0)
    return refuse (error, _("the client certificate cannot be read"));
  if (!va_identity_from_certificate (certificate, &connection->identity, error))
    return FALSE;
  if (!va_certificate_id_read (&connection->certificate, certificate))
    return refuse (error, _("the client certificate has no usable serial number"));
  connection->valid_until = (gint64) gnutls_x509_crt_get_expiration_time (certificate);
  return TRUE;
}

/* At most one a second, so that nobody fills the log before he is known. */
static void
log_refusal (const GError *error)
{
  static gint64 last;
  static GMutex mutex;
  gint64 now = g_get_monotonic_time ();
  gboolean quiet;

  g_mutex_lock (&mutex);
  quiet = last != 0 && now - last < G_USEC_PER_SEC;
  if (!quiet)
    last = now;
  g_mutex_unlock (&mutex);
  if (!quiet)
    g_message ("a client was refused in the handshake: %s", error->message);
}

static int
verify (gnutls_session_t session)
{
  VaConnection *connection = gnutls_db_get_ptr (session);
  g_autoptr(GError) error = NULL;

  if (connection == NULL || !check_client (session, connection, &error))
    {
      if (error != NULL)
        log_refusal (error);
      return GNUTLS_E_CERTIFICATE_ERROR;
    }
  va_connection_verified (connection);
  return 0;
}

void
va_tls_demand_client (gnutls_session_t session, gnutls_certificate_credentials_t credentials, VaConnection *connection,
                      guint seconds)
{
  if (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials) < 0)
    g_error ("GnuTLS takes no credentials: clients could not be verified");
  connection->seconds = seconds;
  gnutls_certificate_server_set_request (session, GNUTLS_CERT_REQUIRE);
  /* The session's own pointer is libmicrohttpd's; there is no session database, so this one is free. */
  gnutls_db_set_ptr (session, connection);
  gnutls_session_set_verify_function (session, verify);
}
