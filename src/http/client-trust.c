/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-trust.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "http/tls-files.h"
#include "http/x509.h"

/* For servers that are not ours. */
#define PUBLIC_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%PROFILE_MEDIUM"
#define CA_MAX (256 * 1024)

/* An empty one with the priority @text, which is a constant that GnuTLS knows. */
static VaClientTrust *
trust_new (const char *text, GError **error)
{
  VaClientTrust *trust = g_new0 (VaClientTrust, 1);
  int rc;

  g_atomic_ref_count_init (&trust->references);
  rc = gnutls_priority_init2 (&trust->priority, text, NULL, 0);
  if (rc >= 0)
    return trust;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "TLS: %s", gnutls_strerror (rc));
  va_client_trust_unref (trust);
  return NULL;
}

/* From when until when the first certificate of @pem is valid. */
static gboolean
read_dates (VaClientTrust *trust, const char *pem)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  gnutls_datum_t data = { (unsigned char *) pem, (unsigned) strlen (pem) };

  if (gnutls_x509_crt_init (&certificate) < 0
      || gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_PEM) < 0)
    return FALSE;
  trust->begins = (gint64) gnutls_x509_crt_get_activation_time (certificate);
  trust->ends = (gint64) gnutls_x509_crt_get_expiration_time (certificate);
  return TRUE;
}

VaClientTrust *
va_client_trust_load (const char *ca_file, const char *certificate_file, const char *key_file, GError **error)
{
  g_auto(VaTlsFiles) files = { 0 };
  g_autoptr(VaClientTrust) trust = NULL;

  if (!va_tls_files_load (&files, ca_file, certificate_file, key_file, error))
    return NULL;
  trust = trust_new (VA_TLS_PRIORITY, error);
  if (trust == NULL)
    return NULL;
  trust->ours = TRUE;
  trust->certificate_file = g_strdup (certificate_file);
  if (!read_dates (trust, files.certificate))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: expected a certificate in PEM form"),
                   certificate_file);
      return NULL;
    }
  trust->credentials = va_tls_files_credentials (&files, error);
  return trust->credentials != NULL ? g_steal_pointer (&trust) : NULL;
}

VaClientTrust *
va_client_trust_public (const char *ca_file, GError **error)
{
  g_autofree char *text = ca_file != NULL ? va_file_read_text (ca_file, CA_MAX, error) : NULL;
  g_autoptr(VaClientTrust) trust = NULL;
  gnutls_datum_t ca = { (unsigned char *) text, text != NULL ? (unsigned) strlen (text) : 0 };
  int rc;

  if (ca_file != NULL && text == NULL)
    return NULL;
  trust = trust_new (PUBLIC_PRIORITY, error);
  if (trust == NULL)
    return NULL;
  rc = gnutls_certificate_allocate_credentials (&trust->credentials);
  if (rc >= 0)
    rc = text != NULL ? gnutls_certificate_set_x509_trust_mem (trust->credentials, &ca, GNUTLS_X509_FMT_PEM)
                      : gnutls_certificate_set_x509_system_trust (trust->credentials);
  if (rc > 0)
    return g_steal_pointer (&trust);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: expected CA certificates in PEM form: %s"),
               ca_file != NULL ? ca_file : _("the system's CAs"), rc < 0 ? gnutls_strerror (rc) : _("there are none"));
  return NULL;
}

VaClientTrust *
va_client_trust_ref (VaClientTrust *trust)
{
  g_atomic_ref_count_inc (&trust->references);
  return trust;
}

void
va_client_trust_unref (VaClientTrust *trust)
{
  if (!g_atomic_ref_count_dec (&trust->references))
    return;
  if (trust->credentials != NULL)
    gnutls_certificate_free_credentials (trust->credentials);
  if (trust->priority != NULL)
    gnutls_priority_deinit (trust->priority);
  g_free (trust->certificate_file);
  g_free (trust);
}
