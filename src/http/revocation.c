/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/revocation.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "http/x509.h"

#define FILE_MAX (16 * 1024 * 1024)
#define SERIAL_MAX 20 /* bytes: RFC 5280, 4.1.2.2 */
#define HASH_SIZE 32

struct _VaRevocation
{
  char *deny_file, *crl_file, *ca;
  GMutex mutex;
  VaFileState deny_state, crl_state;
  GHashTable *revoked; /* "ROLE:NAME", "sha256:FINGERPRINT", "serial:SERIAL" */
};

static void
set_serial (char out[41], const guint8 *serial, gsize size)
{
  g_autofree char *hex = NULL;

  while (size > 1 && serial[0] == 0)
    {
      serial++;
      size--;
    }
  hex = va_hex_encode (serial, size);
  g_strlcpy (out, hex, 41);
}

gboolean
va_certificate_id_read (VaCertificateId *id, gnutls_x509_crt_t certificate)
{
  guint8 serial[SERIAL_MAX + 1], hash[HASH_SIZE];
  size_t serial_size = sizeof serial, hash_size = sizeof hash;
  g_autofree char *hex = NULL;

  if (gnutls_x509_crt_get_serial (certificate, serial, &serial_size) < 0 || serial_size == 0
      || gnutls_x509_crt_get_fingerprint (certificate, GNUTLS_DIG_SHA256, hash, &hash_size) < 0)
    return FALSE;
  set_serial (id->serial, serial, serial_size);
  hex = va_hex_encode (hash, hash_size);
  g_strlcpy (id->fingerprint, hex, sizeof id->fingerprint);
  return TRUE;
}

/* One line of the deny list: "ROLE:NAME" or "sha256:FINGERPRINT". */
static gboolean
line_fits (const char *line)
{
  const char *colon = strchr (line, ':');
  g_autofree char *kind = colon != NULL ? g_strndup (line, (gsize) (colon - line)) : NULL;
  VaRole role;

  if (kind == NULL)
    return FALSE;
  if (g_str_equal (kind, "sha256"))
    return va_is_hex (colon + 1, 2 * HASH_SIZE);
  return va_role_parse (kind, &role) && va_identity_name_is_valid (colon + 1);
}

static gboolean
read_deny_list (const char *path, GHashTable *revoked, GError **error)
{
  g_autofree char *text = va_file_read_text (path, FILE_MAX, error);
  g_auto(GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;

  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      *strchrnul (lines[i], '#') = '\0';
      g_strstrip (lines[i]);
      if (lines[i][0] == '\0')
        continue;
      if (!line_fits (lines[i]))
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                       _("%s: line %u: expected ROLE:NAME or sha256:FINGERPRINT, e.g. host:node1"), path, i + 1);
          return FALSE;
        }
      g_hash_table_add (revoked, g_strdup (lines[i]));
    }
  return lines != NULL;
}

static gboolean
refuse_crl (GError **error, const char *path, const char *why)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: revocation list: %s"), path, why);
  return FALSE;
}

static gboolean
take_crl (const char *path, gnutls_x509_crl_t crl, const gnutls_x509_crt_t *authorities, unsigned count,
          GHashTable *revoked, GError **error)
{
  const unsigned old = GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED;
  unsigned status = 0;
  int entries = gnutls_x509_crl_get_crt_count (crl);

  if (gnutls_x509_crl_verify (crl, authorities, (int) count, 0, &status) < 0
      || (status & ~(old | GNUTLS_CERT_INVALID)) != 0 || (status != 0 && (status & old) == 0))
    return refuse_crl (error, path, _("it is not signed by the CA"));
  if (status != 0)
    g_message (_("%s: the revocation list says that a newer one should be there: fetch it"), path);
  for (int i = 0; i < entries; i++)
    {
      guint8 serial[SERIAL_MAX + 1];
      size_t size = sizeof serial;
      char hex[41];

      if (gnutls_x509_crl_get_crt_serial (crl, i, serial, &size, NULL) < 0)
        return refuse_crl (error, path, _("an entry cannot be read"));
      set_serial (hex, serial, size);
      g_hash_table_add (revoked, g_strconcat ("serial:", hex, NULL));
    }
  return TRUE;
}

static gboolean
take_crls (const char *path, const gnutls_datum_t *data, const gnutls_x509_crt_t *authorities, unsigned authority_count,
           GHashTable *revoked, GError **error)
{
  gnutls_x509_crl_t *lists = NULL;
  unsigned count = 0;
  gboolean ok = TRUE;
  int rc = gnutls_x509_crl_list_import2 (&lists, &count, data, GNUTLS_X509_FMT_PEM, 0);

  if (rc < 0)
    return refuse_crl (error, path, gnutls_strerror (rc));
  for (unsigned i = 0; i < count; i++)
    {
      ok = ok && take_crl (path, lists[i], authorities, authority_count, revoked, error);
      gnutls_x509_crl_deinit (lists[i]);
    }
  gnutls_free (lists);
  return ok;
}

static gboolean
read_crl (const VaRevocation *revocation, GHashTable *revoked, GError **error)
{
  g_autofree char *text = va_file_read_text (revocation->crl_file, FILE_MAX, error);
  gnutls_datum_t data, ca = { (unsigned char *) revocation->ca, (unsigned) strlen (revocation->ca) };
  gnutls_x509_crt_t *authorities = NULL;
  unsigned count = 0;
  gboolean ok;

  if (text == NULL)
    return FALSE;
  if (gnutls_x509_crt_list_import2 (&authorities, &count, &ca, GNUTLS_X509_FMT_PEM, 0) < 0)
    return refuse_crl (error, revocation->crl_file, _("the CA cannot be read"));
  data = (gnutls_datum_t){ (unsigned char *) text, (unsigned) strlen (text) };
  ok = take_crls (revocation->crl_file, &data, authorities, count, revoked, error);
  for (unsigned i = 0; i < count; i++)
    gnutls_x509_crt_deinit (authorities[i]);
  gnutls_free (authorities);
  return ok;
}

static gboolean
load (VaRevocation *revocation, GError **error)
{
  g_autoptr(GHashTable) revoked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (revocation->deny_file != NULL && !read_deny_list (revocation->deny_file, revoked, error))
    return FALSE;
  if (revocation->crl_file != NULL && !read_crl (revocation, revoked, error))
    return FALSE;
  g_clear_pointer (&revocation->revoked, g_hash_table_unref);
  revocation->revoked = g_steal_pointer (&revoked);
  return TRUE;
}

VaRevocation *
va_revocation_new (const char *deny_file, const char *crl_file, const char *ca, GError **error)
{
  g_autoptr(VaRevocation) revocation = g_new0 (VaRevocation, 1);

  g_mutex_init (&revocation->mutex);
  revocation->deny_file = g_strdup (deny_file);
  revocation->crl_file = g_strdup (crl_file);
  revocation->ca = g_strdup (ca);
  va_file_look (deny_file, &revocation->deny_state);
  va_file_look (crl_file, &revocation->crl_state);
  return load (revocation, error) ? g_steal_pointer (&revocation) : NULL;
}

/* Reads the files anew if one has changed. Once for each change, whatever comes of it. */
static void
refresh (VaRevocation *revocation)
{
  g_autoptr(GError) error = NULL;
  VaFileState deny, crl;

  va_file_look (revocation->deny_file, &deny);
  va_file_look (revocation->crl_file, &crl);
  if (va_file_state_equal (&deny, &revocation->deny_state) && va_file_state_equal (&crl, &revocation->crl_state))
    return;
  revocation->deny_state = deny;
  revocation->crl_state = crl;
  if (load (revocation, &error))
    g_message (_("revoked certificates were read anew: %u entries"), g_hash_table_size (revocation->revoked));
  else
    g_message (_("revoked certificates stay as they were: %s"), error->message);
}

void
va_revocation_set_ca (VaRevocation *revocation, const char *ca)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&revocation->mutex);

  g_free (revocation->ca);
  revocation->ca = g_strdup (ca);
  memset (&revocation->crl_state, 0, sizeof revocation->crl_state);
}

static gboolean
has (const VaRevocation *revocation, const char *kind, const char *name)
{
  g_autofree char *entry = g_strconcat (kind, ":", name, NULL);

  return g_hash_table_contains (revocation->revoked, entry);
}

gboolean
va_revocation_allows (VaRevocation *revocation, const VaIdentity *identity, const VaCertificateId *id)
{
  gboolean revoked;

  g_mutex_lock (&revocation->mutex);
  refresh (revocation);
  revoked = has (revocation, va_role_name (identity->role), identity->name)
            || has (revocation, "sha256", id->fingerprint) || has (revocation, "serial", id->serial);
  g_mutex_unlock (&revocation->mutex);
  return !revoked;
}

void
va_revocation_free (VaRevocation *revocation)
{
  if (revocation == NULL)
    return;
  g_clear_pointer (&revocation->revoked, g_hash_table_unref);
  g_mutex_clear (&revocation->mutex);
  g_free (revocation->deny_file);
  g_free (revocation->crl_file);
  g_free (revocation->ca);
  g_free (revocation);
}
