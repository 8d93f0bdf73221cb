/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/trust.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

struct _VaTrust {
  GMutex mutex;
  gnutls_x509_trust_list_t list;
  guint generation;
};

static gnutls_x509_trust_list_t
make_list (const char *ca, GError **error)
{
  gnutls_datum_t pem = { (unsigned char *) ca, (unsigned) strlen (ca) };
  gnutls_x509_trust_list_t list = NULL;

  if (gnutls_x509_trust_list_init (&list, 0) >= 0
      && gnutls_x509_trust_list_add_trust_mem (list, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0) > 0)
    return list;
  if (list != NULL)
    gnutls_x509_trust_list_deinit (list, 1);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("the CA's certificate cannot be read: expected one in PEM form"));
  return NULL;
}

VaTrust *
va_trust_new (const char *ca, GError **error)
{
  gnutls_x509_trust_list_t list = make_list (ca, error);
  VaTrust *trust;

  if (list == NULL)
    return NULL;
  trust = g_new0 (VaTrust, 1);
  g_mutex_init (&trust->mutex);
  trust->list = list;
  trust->generation = 1;
  return trust;
}

void
va_trust_free (VaTrust *trust)
{
  if (trust == NULL)
    return;
  gnutls_x509_trust_list_deinit (trust->list, 1);
  g_mutex_clear (&trust->mutex);
  g_free (trust);
}

gboolean
va_trust_set_ca (VaTrust *trust, const char *ca, GError **error)
{
  gnutls_x509_trust_list_t list = make_list (ca, error), before;

  if (list == NULL)
    return FALSE;
  g_mutex_lock (&trust->mutex);
  before = trust->list;
  trust->list = list;
  trust->generation++;
  g_mutex_unlock (&trust->mutex);
  gnutls_x509_trust_list_deinit (before, 1);
  return TRUE;
}

guint
va_trust_generation (VaTrust *trust)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&trust->mutex);

  return trust->generation;
}

gboolean
va_trust_verifies (VaTrust *trust, const VaPeerChain *chain)
{
  gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, 0 };
  g_auto(VaOpenChain) open = { .count = 0 };
  unsigned status = GNUTLS_CERT_INVALID;
  int rc;

  if (!va_open_chain_init (&open, chain))
    return FALSE;
  g_mutex_lock (&trust->mutex);
  rc = gnutls_x509_trust_list_verify_crt2 (trust->list, open.certificates, open.count, &purpose, 1, 0, &status, NULL);
  g_mutex_unlock (&trust->mutex);
  return rc >= 0 && status == 0;
}

gboolean
va_trust_still_verifies (VaTrust *trust, const VaPeerChain *chain, guint *generation)
{
  guint now = va_trust_generation (trust);

  if (*generation != now && !va_trust_verifies (trust, chain))
    return FALSE;
  *generation = now;
  return TRUE;
}
