/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/crls.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "pki/x509.h"

#define FILE_MAX (16 * 1024 * 1024)
#define SERIAL_MAX 64 /* bytes; RFC 5280 wants at most 20 */

typedef struct {
  gnutls_x509_crl_t crl;
  GBytes *issuer;      /* its name in DER form */
  GHashTable *serials; /* lower-case hex, without leading zero bytes */
  gboolean verified;   /* signed by a CA of the file of CAs */
} Crl;

struct _VaCrls {
  GPtrArray *lists; /* of Crl */
  guint entries;
};

static void
crl_free (gpointer data)
{
  Crl *crl = data;

  gnutls_x509_crl_deinit (crl->crl);
  g_clear_pointer (&crl->issuer, g_bytes_unref);
  g_hash_table_unref (crl->serials);
  g_free (crl);
}

static GBytes *
take_datum (gnutls_datum_t *datum)
{
  GBytes *bytes = g_bytes_new (datum->data, datum->size);

  gnutls_free (datum->data);
  return bytes;
}

static char *
write_serial (const guint8 *serial, gsize size)
{
  while (size > 1 && serial[0] == 0)
    {
      serial++;
      size--;
    }
  return va_hex_encode (serial, size);
}

static gboolean
refuse_crl (GError **error, const char *path, const char *why)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: revocation list: %s"), path, why);
}

/* --- Reading -------------------------------------------------------------------------------------------------------
   */

static gboolean
read_entries (Crl *crl)
{
  gnutls_x509_crl_iter_t iter = NULL;
  guint8 serial[SERIAL_MAX];
  size_t size = sizeof serial;
  int rc;

  while ((rc = gnutls_x509_crl_iter_crt_serial (crl->crl, &iter, serial, &size, NULL)) >= 0)
    {
      g_hash_table_add (crl->serials, write_serial (serial, size));
      size = sizeof serial;
    }
  gnutls_x509_crl_iter_deinit (iter);
  return rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

/* That a newer one should be there takes nothing from what it says. */
static gboolean
is_signed_by (gnutls_x509_crl_t crl, gnutls_x509_crt_t issuer, gboolean *old)
{
  const unsigned superseded = GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED;
  unsigned status = 0;

  if (!gnutls_x509_crl_check_issuer (crl, issuer) || gnutls_x509_crl_verify (crl, &issuer, 1, 0, &status) < 0)
    return FALSE;
  *old = (status & superseded) != 0;
  return status == 0 || (*old && (status & ~(superseded | GNUTLS_CERT_INVALID)) == 0);
}

/* Two CAs of one name may be in the file, while one takes the place of the other. */
static gboolean
verify_crl (const char *path, Crl *crl, const gnutls_x509_crt_t *authorities, guint count, GError **error)
{
  gboolean named = FALSE, old = FALSE;

  for (guint i = 0; i < count && !crl->verified; i++)
    {
      named = named || gnutls_x509_crl_check_issuer (crl->crl, authorities[i]);
      crl->verified = is_signed_by (crl->crl, authorities[i], &old);
    }
  if (named && !crl->verified)
    return refuse_crl (error, path, _("it is not signed by the CA"));
  if (old)
    g_message (_("%s: the revocation list is past its next update: install the newer one"), path);
  if (!named)
    g_message (_("%s: a revocation list is from a CA that is not in the CA file, so it applies only to certificates "
                 "below that CA"),
               path);
  return TRUE;
}

/* Takes @crl. */
static gboolean
add_crl (VaCrls *crls, const char *path, gnutls_x509_crl_t data, const gnutls_x509_crt_t *authorities, guint count,
         GError **error)
{
  Crl *crl = g_new0 (Crl, 1);
  gnutls_datum_t issuer = { NULL, 0 };

  crl->crl = data;
  crl->serials = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (crls->lists, crl);
  if (gnutls_x509_crl_get_raw_issuer_dn (data, &issuer) < 0)
    return refuse_crl (error, path, _("it does not name its issuer"));
  crl->issuer = take_datum (&issuer);
  if (!read_entries (crl))
    return refuse_crl (error, path, _("an entry cannot be read"));
  crls->entries += g_hash_table_size (crl->serials);
  return verify_crl (path, crl, authorities, count, error);
}

static gboolean
add_crl_file (VaCrls *crls, const char *path, const char *text, const gnutls_x509_crt_t *authorities, guint count,
              GError **error)
{
  gnutls_datum_t pem = { (unsigned char *) text, (unsigned) strlen (text) };
  gnutls_x509_crl_t *lists = NULL;
  unsigned size = 0;
  gboolean ok = TRUE;
  int rc = gnutls_x509_crl_list_import2 (&lists, &size, &pem, GNUTLS_X509_FMT_PEM, 0);

  if (rc < 0 && strstr (text, "-----BEGIN CERTIFICATE-----") != NULL)
    return refuse_crl (error, path,
                       _("this is a certificate, not a revocation list; expected what “virt-attest ca revoke” writes"));
  if (rc < 0 && strstr (text, "-----BEGIN X509 CRL-----") == NULL)
    return refuse_crl (error, path, _("it contains no revocation list in PEM form (-----BEGIN X509 CRL-----)"));
  if (rc < 0)
    return refuse_crl (error, path, gnutls_strerror (rc));
  for (unsigned i = 0; i < size; i++)
    if (ok)
      ok = add_crl (crls, path, lists[i], authorities, count, error);
    else
      gnutls_x509_crl_deinit (lists[i]);
  gnutls_free (lists);
  return ok;
}

VaCrls *
va_crls_read (const char *path, const char *ca, GError **error)
{
  g_autofree char *text = va_file_read_text (path, FILE_MAX, error);
  gnutls_datum_t pem = { (unsigned char *) ca, (unsigned) strlen (ca) };
  g_autoptr(VaCrls) crls = NULL;
  gnutls_x509_crt_t *authorities = NULL;
  unsigned count = 0;
  gboolean ok;

  if (text == NULL)
    return NULL;
  if (gnutls_x509_crt_list_import2 (&authorities, &count, &pem, GNUTLS_X509_FMT_PEM, 0) < 0)
    {
      refuse_crl (error, path, _("the CA cannot be read"));
      return NULL;
    }
  crls = g_new0 (VaCrls, 1);
  crls->lists = g_ptr_array_new_with_free_func (crl_free);
  ok = add_crl_file (crls, path, text, authorities, count, error);
  for (unsigned i = 0; i < count; i++)
    gnutls_x509_crt_deinit (authorities[i]);
  gnutls_free (authorities);
  return ok ? g_steal_pointer (&crls) : NULL;
}

void
va_crls_free (VaCrls *crls)
{
  if (crls == NULL)
    return;
  g_ptr_array_unref (crls->lists);
  g_free (crls);
}

guint
va_crls_size (const VaCrls *crls)
{
  return crls->entries;
}

/* --- Asking --------------------------------------------------------------------------------------------------------
   */

/* A list of a CA below ours: signed by one that the peer has shown, and which was verified with the rest of its chain.
   */
static gboolean
counts_in (const Crl *crl, const VaOpenChain *chain)
{
  gboolean old;

  for (guint i = 0; i < chain->count && !crl->verified; i++)
    if (is_signed_by (crl->crl, chain->certificates[i], &old))
      return TRUE;
  return crl->verified;
}

static gboolean
is_revoked (const VaCrls *crls, const VaOpenChain *chain, gnutls_x509_crt_t certificate)
{
  guint8 serial[SERIAL_MAX];
  size_t size = sizeof serial;
  gnutls_datum_t datum = { NULL, 0 };
  g_autoptr(GBytes) issuer = NULL;
  g_autofree char *text = NULL;

  if (gnutls_x509_crt_get_serial (certificate, serial, &size) < 0 || size == 0
      || gnutls_x509_crt_get_raw_issuer_dn (certificate, &datum) < 0)
    return TRUE;
  issuer = take_datum (&datum);
  text = write_serial (serial, size);
  for (guint i = 0; i < crls->lists->len; i++)
    {
      const Crl *crl = crls->lists->pdata[i];

      if (g_bytes_equal (crl->issuer, issuer) && g_hash_table_contains (crl->serials, text) && counts_in (crl, chain))
        return TRUE;
    }
  return FALSE;
}

gboolean
va_crls_revoke (const VaCrls *crls, const VaPeerChain *chain)
{
  g_auto(VaOpenChain) open = { .count = 0 };

  if (!va_open_chain_init (&open, chain))
    return TRUE;
  for (guint i = 0; i < open.count; i++)
    if (is_revoked (crls, &open, open.certificates[i]))
      return TRUE;
  return FALSE;
}
