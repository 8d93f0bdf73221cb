/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/ca-issued.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "pki/x509.h"

#define BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"
#define KEY_ID_SIZE 64

static gboolean
refuse_given (GError **error, const char *what)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("%s; give the certificate of a person, host or service that this CA issued (ROLE-NAME.pem or "
                 "service.pem)"),
               what);
  return FALSE;
}

/* What a text without a certificate is. */
static const char *
name_other_kind (const char *pem)
{
  if (pem[strspn (pem, " \t\r\n")] == '\0')
    return _("the file is empty");
  if (strstr (pem, "PRIVATE KEY-----") != NULL)
    return _("it is a private key, not a certificate");
  if (strstr (pem, "CERTIFICATE REQUEST-----") != NULL)
    return _("it is a certificate request, which no CA has signed");
  if (strstr (pem, "BEGIN X509 CRL-----") != NULL)
    return _("it is a revocation list, not a certificate");
  return _("it contains no certificate in PEM form");
}

static gboolean
import_only_certificate (const char *pem, gnutls_x509_crt_t *certificate, GError **error)
{
  const char *begin = strstr (pem, BEGIN_CERTIFICATE);
  gnutls_datum_t data = { (unsigned char *) pem, (unsigned) strlen (pem) };

  if (begin == NULL)
    return refuse_given (error, name_other_kind (pem));
  if (strstr (begin + strlen (BEGIN_CERTIFICATE), BEGIN_CERTIFICATE) != NULL)
    return refuse_given (error, _("it contains several certificates, but only one is accepted per file"));
  if (gnutls_x509_crt_init (certificate) >= 0 && gnutls_x509_crt_import (*certificate, &data, GNUTLS_X509_FMT_PEM) >= 0)
    return TRUE;
  return refuse_given (error, _("the certificate is damaged"));
}

static gboolean
have_same_key (gnutls_x509_crt_t a, gnutls_x509_crt_t b)
{
  guint8 id[2][KEY_ID_SIZE];
  size_t size[2] = { KEY_ID_SIZE, KEY_ID_SIZE };

  return gnutls_x509_crt_get_key_id (a, 0, id[0], &size[0]) >= 0
         && gnutls_x509_crt_get_key_id (b, 0, id[1], &size[1]) >= 0 && size[0] == size[1]
         && memcmp (id[0], id[1], size[0]) == 0;
}

static char *
issuer_of (gnutls_x509_crt_t certificate)
{
  gnutls_datum_t name = { NULL, 0 };
  char *text;

  if (gnutls_x509_crt_get_issuer_dn3 (certificate, &name, 0) < 0)
    return g_strdup ("?");
  text = g_strndup ((const char *) name.data, name.size);
  gnutls_free (name.data);
  return text;
}

/* Whether @ca has the name that @certificate gives as its issuer's, whatever their keys are. */
static gboolean
names_as_issuer (gnutls_x509_crt_t certificate, gnutls_x509_crt_t ca)
{
  gnutls_datum_t issuer = { NULL, 0 }, name = { NULL, 0 };
  gboolean same = gnutls_x509_crt_get_raw_issuer_dn (certificate, &issuer) >= 0
                  && gnutls_x509_crt_get_raw_dn (ca, &name) >= 0 && issuer.size == name.size
                  && memcmp (issuer.data, name.data, name.size) == 0;

  gnutls_free (issuer.data);
  gnutls_free (name.data);
  return same;
}

static gboolean
check_issuer (gnutls_x509_crt_t certificate, gnutls_x509_crt_t ca, GError **error)
{
  g_autofree char *issuer = issuer_of (certificate), *what = NULL;
  unsigned status = 0;

  if (have_same_key (certificate, ca))
    return refuse_given (error, _("this is the certificate of the CA itself, which its own list cannot revoke"));
  if (!names_as_issuer (certificate, ca))
    {
      what = g_strdup_printf (_("this certificate was issued by another CA, “%s”"), issuer);
      return refuse_given (error, what);
    }
  if (gnutls_x509_crt_check_issuer (certificate, ca) == 0
      || gnutls_x509_crt_verify (certificate, &ca, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) < 0
      || (status & GNUTLS_CERT_INVALID) != 0)
    {
      what =
        g_strdup_printf (_("this certificate was issued by a CA of the same name, “%s”, with another key"), issuer);
      return refuse_given (error, what);
    }
  return TRUE;
}

gboolean
va_ca_check_issued (const char *ca, const char *pem, GError **error)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  g_auto(gnutls_x509_crt_t) authority = NULL;
  gnutls_datum_t data = { (unsigned char *) ca, (unsigned) strlen (ca) };

  if (!import_only_certificate (pem, &certificate, error))
    return FALSE;
  if (gnutls_x509_crt_init (&authority) >= 0 && gnutls_x509_crt_import (authority, &data, GNUTLS_X509_FMT_PEM) >= 0)
    return check_issuer (certificate, authority, error);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the CA's certificate cannot be read"));
  return FALSE;
}
