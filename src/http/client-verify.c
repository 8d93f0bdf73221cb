/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-verify.h"

#include <string.h>
#include "core/i18n.h"
#include "http/x509.h"

#define PURPOSE_MAX 128

/* GnuTLS takes a certificate that says nothing of its purposes for one of any purpose; a client's must not pass here. */
static gboolean
is_for_servers (gnutls_session_t session)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  unsigned count = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (session, &count);

  if (chain == NULL || count == 0 || gnutls_x509_crt_init (&certificate) < 0
      || gnutls_x509_crt_import (certificate, &chain[0], GNUTLS_X509_FMT_DER) < 0)
    return FALSE;
  for (unsigned i = 0;; i++)
    {
      char oid[PURPOSE_MAX] = "";
      size_t size = sizeof oid;

      if (gnutls_x509_crt_get_key_purpose_oid (certificate, i, oid, &size, NULL) < 0)
        return FALSE;
      if (strcmp (oid, GNUTLS_KP_TLS_WWW_SERVER) == 0)
        return TRUE;
    }
}

/* Returns: %NULL if the server's certificate is good. */
static const char *
find_fault (gnutls_session_t session)
{
  gnutls_typed_vdata_st expected = { .type = GNUTLS_DT_DNS_HOSTNAME, .data = gnutls_session_get_ptr (session) };
  unsigned status = 0;

  if (gnutls_certificate_verify_peers (session, &expected, 1, &status) < 0)
    return _("its certificate cannot be read");
  if ((status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE)) != 0)
    return _("its certificate is not signed by the CA that was configured");
  if ((status & GNUTLS_CERT_UNEXPECTED_OWNER) != 0)
    return _("its certificate is for another name than the URL's");
  if ((status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED)) != 0)
    return _("its certificate is not valid at this time; check the clocks");
  if (status != 0)
    return _("its certificate does not verify");
  return is_for_servers (session) ? NULL : _("its certificate is not for a server (extended key usage serverAuth)");
}

static int
verify (gnutls_session_t session)
{
  return find_fault (session) == NULL ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

void
va_client_verify_server (gnutls_session_t session, const char *host)
{
  gnutls_session_set_ptr (session, (void *) host);
  gnutls_session_set_verify_function (session, verify);
}

const char *
va_client_verify_fault (gnutls_session_t session)
{
  const char *fault = find_fault (session);

  return fault != NULL ? fault : _("its certificate does not verify");
}
