/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/tls-files.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "pki/x509.h"

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

/* A file of another kind than the one that is expected in its place; %NULL if it looks like that one. */
static const char *
find_other_kind (const char *pem, gboolean want_key)
{
  gboolean key = strstr (pem, "PRIVATE KEY-----") != NULL,
           certificate = strstr (pem, "-----BEGIN CERTIFICATE-----") != NULL;

  if (want_key)
    return key           ? NULL
           : certificate ? _("this is a certificate, but a private key is expected here")
                         : _("it contains no private key in PEM form");
  return certificate ? NULL
         : key       ? _("this is a private key, but a certificate is expected here")
                     : _("it contains no certificate in PEM form");
}

static gboolean
check_kinds (const VaTlsFiles *files, const char *const names[3], GError **error)
{
  const char *const texts[3] = { files->ca, files->certificate, (const char *) va_secret_data (files->key) };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *other = find_other_kind (texts[i], i == 2);

      if (other == NULL)
        continue;
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s", names[i], other);
      return FALSE;
    }
  return TRUE;
}

/* Returns: (transfer full): %NULL with @error, which names the file of @names (CA, certificate, key) that will not do.
   */
static gnutls_certificate_credentials_t
make_credentials (const VaTlsFiles *files, const char *const names[3], GError **error)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gnutls_datum_t ca = { (unsigned char *) files->ca, (unsigned) strlen (files->ca) };
  gnutls_datum_t certificate = { (unsigned char *) files->certificate, (unsigned) strlen (files->certificate) };
  gnutls_datum_t key = { va_secret_data (files->key), (unsigned) va_secret_size (files->key) - 1 };
  int rc;

  if (!check_kinds (files, names, error))
    return NULL;
  rc = gnutls_certificate_allocate_credentials (&credentials);
  if (rc < 0)
    {
      set_file_error (error, names[0], _("out of memory"), rc);
      return NULL;
    }
  rc = gnutls_certificate_set_x509_trust_mem (credentials, &ca, GNUTLS_X509_FMT_PEM);
  if (rc <= 0)
    set_file_error (error, names[0], _("expected the CA's certificate in PEM form"),
                    rc == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : rc);
  else if ((rc = gnutls_certificate_set_x509_key_mem2 (credentials, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0))
           >= 0)
    return credentials;
  else if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
    set_file_error (error, names[2], _("expected the private key of the certificate"), rc);
  else
    set_file_error (error, names[1], _("expected a certificate in PEM form, and its private key in the key file"), rc);
  gnutls_certificate_free_credentials (credentials);
  return NULL;
}

gboolean
va_tls_files_load (VaTlsFiles *files, const char *ca_file, const char *certificate_file, const char *key_file,
                   GError **error)
{
  const char *const names[3] = { ca_file, certificate_file, key_file };
  g_auto(gnutls_certificate_credentials_t) credentials = NULL;

  memset (files, 0, sizeof *files);
  files->ca = va_file_read_text (ca_file, PEM_MAX, error);
  files->certificate = files->ca != NULL ? va_file_read_text (certificate_file, PEM_MAX, error) : NULL;
  files->key = files->certificate != NULL ? load_key (key_file, error) : NULL;
  if (files->key == NULL)
    return FALSE;
  credentials = make_credentials (files, names, error);
  return credentials != NULL;
}

/* FALSE with what is wrong in @problems, if there is anything. */
static gboolean
note_problem (GPtrArray *problems, const char *path, const char *text, gboolean want_key, GError *reason)
{
  const char *other = text != NULL ? find_other_kind (text, want_key) : NULL;

  if (other != NULL)
    reason = g_error_new (VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s", path, other);
  if (reason != NULL)
    g_ptr_array_add (problems, reason);
  return reason == NULL;
}

void
va_tls_files_load_each (VaTlsFiles *files, const char *ca_file, const char *certificate_file, const char *key_file,
                        GPtrArray *problems)
{
  const char *const names[3] = { ca_file, certificate_file, key_file };
  g_auto(gnutls_certificate_credentials_t) credentials = NULL;
  GError *reason = NULL;

  memset (files, 0, sizeof *files);
  files->ca = va_file_read_text (ca_file, PEM_MAX, &reason);
  if (!note_problem (problems, ca_file, files->ca, FALSE, reason))
    g_clear_pointer (&files->ca, g_free);
  reason = NULL;
  files->certificate = va_file_read_text (certificate_file, PEM_MAX, &reason);
  if (!note_problem (problems, certificate_file, files->certificate, FALSE, reason))
    g_clear_pointer (&files->certificate, g_free);
  reason = NULL;
  files->key = load_key (key_file, &reason);
  if (!note_problem (problems, key_file, files->key != NULL ? (const char *) va_secret_data (files->key) : NULL, TRUE,
                     reason))
    g_clear_pointer (&files->key, va_secret_free);
  if (files->ca == NULL || files->certificate == NULL || files->key == NULL)
    return;
  reason = NULL;
  credentials = make_credentials (files, names, &reason);
  if (credentials == NULL)
    g_ptr_array_add (problems, reason);
}

gnutls_certificate_credentials_t
va_tls_files_credentials (const VaTlsFiles *files, GError **error)
{
  static const char *const names[3] = { "ca", "certificate", "key" };

  return make_credentials (files, names, error);
}
