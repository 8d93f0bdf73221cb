/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/tls.h"

#include "api/problem.h"
#include "core/error.h"
#include "core/i18n.h"
#include "pki/x509.h"

static gboolean
refuse_peer (GError **error, const char *why)
{
  return va_error_set (error, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED, "%s", why);
}

static gboolean
check_chain (gnutls_session_t session, GError **error)
{
  gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, 0 };
  unsigned status = 0;
  gnutls_datum_t text = { NULL, 0 };

  if (gnutls_certificate_verify_peers (session, &purpose, 1, &status) < 0)
    return refuse_peer (error, _("the client certificate cannot be verified"));
  if (status == 0)
    return TRUE;
  if (gnutls_certificate_verification_status_print (status, GNUTLS_CRT_X509, &text, 0) >= 0)
    {
      refuse_peer (error, (const char *) text.data);
      gnutls_free (text.data);
      return FALSE;
    }
  return refuse_peer (error, _("the client certificate does not verify"));
}

static void
take_earlier (gint64 *ends, gnutls_x509_crt_t certificate)
{
  gint64 end = (gint64) gnutls_x509_crt_get_expiration_time (certificate);

  /* What has ended already is no part of a chain that verifies, whatever a client shows beside its own. */
  if (end > g_get_real_time () / G_USEC_PER_SEC)
    *ends = MIN (*ends, end);
}

/* Until when the chain verifies, as far as its dates go: those of each certificate in it, and of the CA above it. */
static gint64
find_end (gnutls_session_t session, const VaOpenChain *chain)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gnutls_x509_trust_list_t authorities = NULL;
  gint64 ends = G_MAXINT64;

  if (gnutls_credentials_get (session, GNUTLS_CRD_CERTIFICATE, (void **) &credentials) == 0)
    gnutls_certificate_get_trust_list (credentials, &authorities);
  for (guint i = 0; i < chain->count; i++)
    {
      gnutls_x509_crt_t issuer = NULL;

      take_earlier (&ends, chain->certificates[i]);
      if (authorities == NULL
          || gnutls_x509_trust_list_get_issuer (authorities, chain->certificates[i], &issuer, GNUTLS_TL_GET_COPY) < 0)
        continue;
      take_earlier (&ends, issuer);
      gnutls_x509_crt_deinit (issuer);
    }
  return ends;
}

static gboolean
check_client (gnutls_session_t session, VaConnection *connection, GError **error)
{
  g_auto(VaOpenChain) chain = { .count = 0 };

  if (gnutls_protocol_get_version (session) != GNUTLS_TLS1_3)
    return refuse_peer (error, _("the client does not speak TLS 1.3"));
  if (gnutls_certificate_type_get2 (session, GNUTLS_CTYPE_CLIENT) != GNUTLS_CRT_X509)
    return refuse_peer (error, _("the client has no X.509 certificate"));
  if (!check_chain (session, error))
    return FALSE;
  if (!va_peer_certificate_read (&connection->certificate, session)
      || !va_open_chain_init (&chain, &connection->certificate.chain))
    return refuse_peer (error, _("the client certificate cannot be read, or comes with more than 7 others"));
  if (!va_identity_from_certificate (chain.certificates[0], &connection->identity, error))
    return FALSE;
  va_connection_set_end (connection, find_end (session, &chain));
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

/* TLS 1.3 has the peer's signature verified with the key that he shows before anybody asks whose key that is, so what
   such a verification may cost is limited here. */
#define MESSAGE_MAX 16384 /* bytes of a handshake message: what a certificate with very many names costs is quadratic */
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_BYTES_MAX 5 /* with a zero byte in front */

static gboolean
check_certificate_key (gnutls_x509_crt_t certificate, GError **error)
{
  unsigned bits = 0;
  int algorithm = gnutls_x509_crt_get_pk_algorithm (certificate, &bits);
  gnutls_datum_t modulus = { NULL, 0 }, exponent = { NULL, 0 };
  gboolean good;

  switch (algorithm)
    {
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
      return TRUE;
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      good = bits <= RSA_BITS_MAX && gnutls_x509_crt_get_pk_rsa_raw (certificate, &modulus, &exponent) >= 0
             && exponent.size <= RSA_EXPONENT_BYTES_MAX;
      gnutls_free (modulus.data);
      gnutls_free (exponent.data);
      return good
             || refuse_peer (error, _("the client certificate's RSA key is larger than 8192 bits, or its exponent is "
                                      "larger than 32 bits"));
    default:
      return refuse_peer (error, _("the client certificate's key is neither an elliptic-curve nor an RSA key"));
    }
}

static guint32
get_be24 (const guint8 *bytes)
{
  return (guint32) bytes[0] << 16 | (guint32) bytes[1] << 8 | bytes[2];
}

/* The first certificate in a Certificate message without its header; an empty list, of a client that has none, is left
   to GnuTLS. Spec: RFC 8446, section 4.4.2 */
static gboolean
check_certificate_message (const gnutls_datum_t *message, GError **error)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  const guint8 *data = message->data;
  gsize size = message->size, context = size > 0 ? data[0] : 0, at = 1 + context + 3;
  gnutls_datum_t first;

  if (at == size && get_be24 (data + at - 3) == 0)
    return TRUE;
  if (at + 3 > size || get_be24 (data + at) > size - at - 3)
    return refuse_peer (error, _("the client's Certificate message is malformed"));
  first = (gnutls_datum_t){ (guint8 *) data + at + 3, get_be24 (data + at) };
  if (gnutls_x509_crt_init (&certificate) < 0 || gnutls_x509_crt_import (certificate, &first, GNUTLS_X509_FMT_DER) < 0)
    return refuse_peer (error, _("the client certificate cannot be read"));
  return check_certificate_key (certificate, error);
}

static int
on_certificate (gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                const gnutls_datum_t *message)
{
  g_autoptr(GError) error = NULL;

  (void) session, (void) type, (void) when;
  if (!incoming || check_certificate_message (message, &error))
    return 0;
  log_refusal (error);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

static int
verify_peer (gnutls_session_t session)
{
  VaConnection *connection = gnutls_db_get_ptr (session);
  g_autoptr(GError) error = NULL;

  if (connection != NULL && check_client (session, connection, &error))
    {
      if (va_connection_verified (connection))
        return 0;
      g_set_error (&error, VA_PROBLEM_ERROR, VA_PROBLEM_BUSY, _("%s “%s” has reached its limit of connections"),
                   va_role_name (connection->identity.role), connection->identity.name);
    }
  if (error != NULL)
    log_refusal (error);
  return GNUTLS_E_CERTIFICATE_ERROR;
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
  gnutls_session_set_verify_function (session, verify_peer);
  gnutls_handshake_set_max_packet_length (session, MESSAGE_MAX);
  gnutls_handshake_set_hook_function (session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE, on_certificate);
}
