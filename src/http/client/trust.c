/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/trust.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "pki/identity.h"
#include "pki/tls-files.h"
#include "pki/x509.h"

/* For servers that are not ours. */
#define PUBLIC_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%PROFILE_MEDIUM"

/* glib-networking reads this once in a process, before its first connection; what whoever started the process set does
   not count. A process has clients of one kind; with both, the first decides, and check_handshake() in peer.c
   still sees to it that a service of ours speaks TLS 1.3. */
static void
demand_priority (const char *priority)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      g_setenv ("G_TLS_GNUTLS_PRIORITY", priority, TRUE);
      g_once_init_leave (&once, 1);
    }
}

static VaClientTrust *
trust_new (void)
{
  VaClientTrust *trust = g_new0 (VaClientTrust, 1);

  g_atomic_ref_count_init (&trust->references);
  return trust;
}

static GTlsDatabase *
read_authorities (const char *ca_file, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (ca_file, NULL);
  g_autoptr(GError) reason = NULL;
  GTlsDatabase *authorities = g_tls_file_database_new (path, &reason);

  if (authorities == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s", ca_file, reason->message);
  return authorities;
}

static GTlsCertificate *
make_certificate (const VaTlsFiles *files, const char *certificate_file, GError **error)
{
  gsize certificate_size = strlen (files->certificate);
  gsize key_size = va_secret_size (files->key) - 1;
  g_autoptr(VaSecret) both = va_secret_new (certificate_size + 1 + key_size + 1);
  char *text = (char *) va_secret_data (both);
  g_autoptr(GError) reason = NULL;
  GTlsCertificate *certificate;

  memcpy (text, files->certificate, certificate_size);
  text[certificate_size] = '\n';
  memcpy (text + certificate_size + 1, va_secret_data (files->key), key_size);
  certificate = g_tls_certificate_new_from_pem (text, (gssize) (certificate_size + 1 + key_size), &reason);
  if (certificate == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s: %s", certificate_file, reason->message);
  return certificate;
}

/* From when until when the own certificate is valid. */
static gboolean
read_dates (VaClientTrust *trust, GError **error)
{
  g_autoptr(GDateTime) begins = g_tls_certificate_get_not_valid_before (trust->certificate);
  g_autoptr(GDateTime) ends = g_tls_certificate_get_not_valid_after (trust->certificate);

  if (begins == NULL || ends == NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: expected a certificate in PEM form"),
                   trust->certificate_file);
      return FALSE;
    }
  trust->begins = g_date_time_to_unix (begins);
  trust->ends = g_date_time_to_unix (ends);
  return TRUE;
}

VaClientTrust *
va_client_trust_load (const char *ca_file, const char *certificate_file, const char *key_file, GError **error)
{
  g_auto(VaTlsFiles) files = { 0 };
  g_autoptr(VaClientTrust) trust = trust_new ();

  demand_priority (VA_TLS_PRIORITY);
  if (!va_tls_files_load (&files, ca_file, certificate_file, key_file, error))
    return NULL;
  trust->certificate_file = g_strdup (certificate_file);
  trust->ca_file = g_strdup (ca_file);
  trust->certificate = make_certificate (&files, certificate_file, error);
  if (trust->certificate == NULL || !read_dates (trust, error))
    return NULL;
  trust->authorities = read_authorities (ca_file, error);
  return trust->authorities != NULL ? g_steal_pointer (&trust) : NULL;
}

VaClientTrust *
va_client_trust_public (const char *ca_file, GError **error)
{
  g_autoptr(VaClientTrust) trust = trust_new ();

  demand_priority (PUBLIC_PRIORITY);
  trust->ca_file = g_strdup (ca_file);
  trust->authorities = ca_file != NULL ? read_authorities (ca_file, error)
                                       : g_tls_backend_get_default_database (g_tls_backend_get_default ());
  return trust->authorities != NULL ? g_steal_pointer (&trust) : NULL;
}

char *
va_client_trust_lacks (const VaClientTrust *trust)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  g_autoptr(GByteArray) der = NULL;
  g_autoptr(GError) error = NULL;
  VaIdentity identity;
  gnutls_datum_t data;

  g_object_get (trust->certificate, "certificate", &der, NULL);
  if (der == NULL || gnutls_x509_crt_init (&certificate) < 0)
    return NULL;
  data = (gnutls_datum_t){ der->data, der->len };
  if (gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_DER) < 0)
    return NULL;
  return va_identity_from_certificate (certificate, &identity, &error) ? NULL : g_strdup (error->message);
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
  g_clear_object (&trust->authorities);
  g_clear_object (&trust->certificate);
  g_free (trust->certificate_file);
  g_free (trust->ca_file);
  g_free (trust);
}
