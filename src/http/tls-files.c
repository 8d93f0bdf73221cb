/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/tls-files.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "http/x509.h"

#define PEM_MAX (256 * 1024)

void
va_tls_files_clear (VaTlsFiles *files)
{
  g_clear_pointer (&files->ca, g_free);
  g_clear_pointer (&files->certificate, g_free);
  g_clear_pointer (&files->key, va_secret_free);
}

/* GnuTLS and libmicrohttpd take the key as a string. */
static VaSecret *
load_key (const char *path, GError **error)
{
  g_autoptr(VaSecret) key = va_file_read_secret (path, PEM_MAX, error);
  VaSecret *text;

  if (key == NULL)
    return NULL;
  text = va_secret_new (va_secret_size (key) + 1);
  memcpy (va_secret_data (text), va_secret_data (key), va_secret_size (key));
  return text;
}

static gboolean
set_file_error (GError **error, const char *path, const char *expected, int rc)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s: %s", path, expected, gnutls_strerror (rc));
  return FALSE;
}

gboolean
va_tls_files_load (VaTlsFiles *files, const char *ca_file, const char *certificate_file, const char *key_file,
                   GError **error)
{
  g_auto(gnutls_certificate_credentials_t) credentials = NULL;
  gnutls_datum_t ca, certificate, key;
  int rc;

  memset (files, 0, sizeof *files);
  files->ca = va_file_read_text (ca_file, PEM_MAX, error);
  files->certificate = files->ca != NULL ? va_file_read_text (certificate_file, PEM_MAX, error) : NULL;
  files->key = files->certificate != NULL ? load_key (key_file, error) : NULL;
  if (files->key == NULL)
    return FALSE;
  ca = (gnutls_datum_t){ (unsigned char *) files->ca, (unsigned) strlen (files->ca) };
  certificate = (gnutls_datum_t){ (unsigned char *) files->certificate, (unsigned) strlen (files->certificate) };
  key = (gnutls_datum_t){ va_secret_data (files->key), (unsigned) va_secret_size (files->key) - 1 };
  rc = gnutls_certificate_allocate_credentials (&credentials);
  if (rc < 0)
    return set_file_error (error, ca_file, _("no memory"), rc);
  rc = gnutls_certificate_set_x509_trust_mem (credentials, &ca, GNUTLS_X509_FMT_PEM);
  if (rc <= 0)
    return set_file_error (error, ca_file, _("expected the CA's certificate in PEM form"), rc);
  rc = gnutls_certificate_set_x509_key_mem2 (credentials, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
  if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
    return set_file_error (error, key_file, _("expected the private key of the certificate"), rc);
  if (rc < 0)
    return set_file_error (error, certificate_file,
                           _("expected a certificate in PEM form, and its private key in the key file"), rc);
  return TRUE;
}
