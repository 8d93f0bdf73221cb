/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/ca.h"

#include <arpa/inet.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/random.h"
#include "pki/ca-issued.h"
#include "pki/x509.h"

#define SERIAL_SIZE 16
#define SERIAL_MAX 21
#define KEY_ID_SIZE 64
#define CLOCK_SLACK 3600
#define DAY 86400

void
va_ca_pair_free (VaCaPair *pair)
{
  if (pair == NULL)
    return;
  g_free (pair->certificate);
  va_secret_free (pair->key);
  g_free (pair);
}

static gboolean
gnutls_ok (int rc, const char *what, GError **error)
{
  if (rc >= 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot make the certificate: %s: %s"), what,
               gnutls_strerror (rc));
  return FALSE;
}

static gboolean
refuse_ca (GError **error, VaCoreError code, const char *message)
{
  return va_error_set (error, VA_CORE_ERROR, (int) code, "%s", message);
}

static gboolean
make_key (VaCaCurve curve, gnutls_x509_privkey_t *key, GError **error)
{
  gnutls_ecc_curve_t id = curve == VA_CA_P384 ? GNUTLS_ECC_CURVE_SECP384R1 : GNUTLS_ECC_CURVE_SECP256R1;

  return gnutls_ok (gnutls_x509_privkey_init (key), "privkey_init", error)
         && gnutls_ok (gnutls_x509_privkey_generate (*key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (id), 0),
                       "privkey_generate", error);
}

/* What every certificate of ours has: version, key, random serial number, times. */
static gboolean
set_basics (gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, gint64 not_before, gint64 not_after,
            GError **error)
{
  guint8 serial[SERIAL_SIZE], id[KEY_ID_SIZE];
  size_t id_size = sizeof id;

  va_random_fill (serial, sizeof serial);
  serial[0] = (guint8) ((serial[0] & 0x7f) | 0x40); /* positive, and always as long */
  return gnutls_ok (gnutls_x509_crt_set_version (certificate, 3), "set_version", error)
         && gnutls_ok (gnutls_x509_crt_set_key (certificate, key), "set_key", error)
         && gnutls_ok (gnutls_x509_crt_set_serial (certificate, serial, sizeof serial), "set_serial", error)
         && gnutls_ok (gnutls_x509_crt_set_activation_time (certificate, (time_t) not_before), "set_activation", error)
         && gnutls_ok (gnutls_x509_crt_set_expiration_time (certificate, (time_t) not_after), "set_expiration", error)
         && gnutls_ok (gnutls_x509_crt_get_key_id (certificate, 0, id, &id_size), "get_key_id", error)
         && gnutls_ok (gnutls_x509_crt_set_subject_key_id (certificate, id, id_size), "set_subject_key_id", error);
}

static gboolean
set_common_name (gnutls_x509_crt_t certificate, const char *name, GError **error)
{
  return gnutls_ok (gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                                   (unsigned) strlen (name)),
                    "set_dn", error);
}

/* As strong as the key that signs. */
static gnutls_digest_algorithm_t
digest_for (gnutls_x509_privkey_t key)
{
  unsigned bits = 0;

  return gnutls_x509_privkey_get_pk_algorithm2 (key, &bits) == GNUTLS_PK_ECDSA && bits > 256 ? GNUTLS_DIG_SHA384
                                                                                             : GNUTLS_DIG_SHA256;
}

static gboolean
sign_certificate (gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer, gnutls_x509_privkey_t issuer_key,
                  GError **error)
{
  return gnutls_ok (gnutls_x509_crt_sign2 (certificate, issuer, issuer_key, digest_for (issuer_key), 0), "sign", error);
}

static VaCaPair *
export_pair (gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, GError **error)
{
  g_autoptr(VaCaPair) pair = g_new0 (VaCaPair, 1);
  gnutls_datum_t pem = { NULL, 0 };

  if (!gnutls_ok (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &pem), "export", error))
    return NULL;
  pair->certificate = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  if (!gnutls_ok (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem),
                  "export_pkcs8", error))
    return NULL;
  pair->key = va_secret_copy_in (pem.data, pem.size);
  va_wipe (pem.data, pem.size);
  gnutls_free (pem.data);
  return g_steal_pointer (&pair);
}

static gboolean
check_common_name (const char *name, GError **error)
{
  if (name != NULL && *name != '\0' && strlen (name) <= 64 && g_utf8_validate (name, -1, NULL))
    return TRUE;
  return refuse_ca (error, VA_CORE_ERROR_RANGE, _("the name of a certificate must have 1 to 64 bytes of UTF-8"));
}

VaCaPair *
va_ca_create (const char *name, VaCaCurve curve, guint days, GError **error)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  g_auto(gnutls_x509_privkey_t) key = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  if (!check_common_name (name, error))
    return NULL;
  if (days < 1 || days > 36500)
    {
      refuse_ca (error, VA_CORE_ERROR_RANGE, _("a CA can be valid for 1 to 36500 days"));
      return NULL;
    }
  if (!make_key (curve, &key, error) || !gnutls_ok (gnutls_x509_crt_init (&certificate), "crt_init", error)
      || !set_basics (certificate, key, now - CLOCK_SLACK, now + (gint64) days * DAY, error)
      || !set_common_name (certificate, name, error)
      || !gnutls_ok (gnutls_x509_crt_set_basic_constraints (certificate, 1, 0), "set_basic_constraints", error)
      || !gnutls_ok (gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN),
                     "set_key_usage", error)
      || !sign_certificate (certificate, certificate, key, error))
    return NULL;
  return export_pair (certificate, key, error);
}

static gboolean
import_certificate (const char *pem, gnutls_x509_crt_t *certificate, GError **error)
{
  gnutls_datum_t data = { (unsigned char *) pem, (unsigned) strlen (pem) };
  int rc = gnutls_x509_crt_init (certificate);

  if (rc >= 0)
    rc = gnutls_x509_crt_import (*certificate, &data, GNUTLS_X509_FMT_PEM);
  if (rc >= 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("no certificate in PEM form: %s"), gnutls_strerror (rc));
  return FALSE;
}

static gboolean
import_ca (const VaCaPair *ca, gnutls_x509_crt_t *certificate, gnutls_x509_privkey_t *key, GError **error)
{
  gnutls_datum_t pem = { va_secret_data (ca->key), (unsigned) va_secret_size (ca->key) };
  guint8 id[2][KEY_ID_SIZE];
  size_t size[2] = { KEY_ID_SIZE, KEY_ID_SIZE };

  if (!import_certificate (ca->certificate, certificate, error))
    return FALSE;
  if (gnutls_x509_crt_get_ca_status (*certificate, NULL) <= 0)
    return refuse_ca (error, VA_CORE_ERROR_PARSE, _("the certificate is not a CA's, so it cannot sign others"));
  if (gnutls_x509_privkey_init (key) < 0 || gnutls_x509_privkey_import (*key, &pem, GNUTLS_X509_FMT_PEM) < 0)
    return refuse_ca (error, VA_CORE_ERROR_PARSE,
                      _("the CA's key is not a private key in PEM form without a password"));
  if (gnutls_x509_crt_get_key_id (*certificate, 0, id[0], &size[0]) < 0
      || gnutls_x509_privkey_get_key_id (*key, 0, id[1], &size[1]) < 0 || size[0] != size[1]
      || memcmp (id[0], id[1], size[0]) != 0)
    return refuse_ca (error, VA_CORE_ERROR_PARSE, _("the CA's key does not belong to the CA's certificate"));
  return TRUE;
}

static gboolean
is_dns_name (const char *name)
{
  gsize length = strlen (name);

  return length >= 1 && length <= 253 && g_ascii_isalnum (name[0]) && g_ascii_isalnum (name[length - 1])
         && strstr (name, "..") == NULL
         && strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == length;
}

static gboolean
add_host (gnutls_x509_crt_t certificate, const char *host, GError **error)
{
  guint8 address[16];
  gnutls_x509_subject_alt_name_t kind = GNUTLS_SAN_IPADDRESS;
  const void *data = address;
  unsigned size;

  if (inet_pton (AF_INET, host, address) == 1)
    size = 4;
  else if (inet_pton (AF_INET6, host, address) == 1)
    size = 16;
  else if (strspn (host, "0123456789.") == strlen (host))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("“%s” is not an IP address: expected four numbers from 0 to 255, such as 192.0.2.1"), host);
      return FALSE;
    }
  else if (is_dns_name (host))
    {
      kind = GNUTLS_SAN_DNSNAME;
      data = host;
      size = (unsigned) strlen (host);
    }
  else
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s” is not a DNS name and not an IP address"), host);
      return FALSE;
    }
  return gnutls_ok (gnutls_x509_crt_set_subject_alt_name (certificate, kind, data, size, GNUTLS_FSAN_APPEND),
                    "set_subject_alt_name", error);
}

static gboolean
set_server (gnutls_x509_crt_t certificate, const VaCaRequest *request, GError **error)
{
  const char *name = request->name;

  if (request->hosts == NULL || request->hosts[0] == NULL)
    return refuse_ca (error, VA_CORE_ERROR_PARSE,
                      _("a server's certificate needs at least one DNS name or IP address"));
  for (guint i = 0; request->hosts[i] != NULL; i++)
    if (!add_host (certificate, request->hosts[i], error))
      return FALSE;
  if (name == NULL)
    name = strlen (request->hosts[0]) <= 64 ? request->hosts[0] : "virt-attest server";
  return check_common_name (name, error) && set_common_name (certificate, name, error)
         && gnutls_ok (gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_SERVER, 0),
                       "set_key_purpose", error);
}

static gboolean
set_client (gnutls_x509_crt_t certificate, const VaCaRequest *request, GError **error)
{
  g_autofree char *uri = NULL;
  g_autofree char *name = NULL;

  if (request->name == NULL || !va_identity_name_is_valid (request->name))
    return refuse_ca (error, VA_CORE_ERROR_PARSE, _("the name must have 1 to 64 characters of a-z 0-9 . _ -"));
  if (request->person != NULL && (request->role != VA_ROLE_OWNER || !va_identity_name_is_valid (request->person)))
    return refuse_ca (error, VA_CORE_ERROR_PARSE,
                      _("only an owner's certificate names a person, with 1 to 64 characters of a-z 0-9 . _ -"));
  uri = g_strdup_printf ("urn:virt-attest:%s:%s%s%s", va_role_name (request->role), request->name,
                         request->person != NULL ? ":" : "", request->person != NULL ? request->person : "");
  /* With the role in front, no verifier can take the common name for a host's name. */
  name = g_strdup_printf ("%s %.50s", va_role_name (request->role), request->name);
  return set_common_name (certificate, name, error)
         && gnutls_ok (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_URI, uri, (unsigned) strlen (uri),
                                                             GNUTLS_FSAN_SET),
                       "set_subject_alt_name", error)
         && gnutls_ok (gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0),
                       "set_key_purpose", error);
}

static gboolean
set_authority (gnutls_x509_crt_t certificate, gnutls_x509_crt_t ca, GError **error)
{
  guint8 id[KEY_ID_SIZE];
  size_t size = sizeof id;

  /* A CA made by another program may have none. */
  if (gnutls_x509_crt_get_subject_key_id (ca, id, &size, NULL) < 0)
    return TRUE;
  return gnutls_ok (gnutls_x509_crt_set_authority_key_id (certificate, id, size), "set_authority_key_id", error);
}

VaCaPair *
va_ca_issue (const VaCaPair *ca, const VaCaRequest *request, GError **error)
{
  g_auto(gnutls_x509_crt_t) ca_certificate = NULL;
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  g_auto(gnutls_x509_privkey_t) ca_key = NULL;
  g_auto(gnutls_x509_privkey_t) key = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 from = request->not_before != 0 ? request->not_before : now - CLOCK_SLACK;
  gint64 to = request->not_after != 0 ? request->not_after : now + (gint64) VA_CA_LEAF_DAYS * DAY;

  if (!import_ca (ca, &ca_certificate, &ca_key, error))
    return NULL;
  to = MIN (to, (gint64) gnutls_x509_crt_get_expiration_time (ca_certificate));
  if (from < 0 || to <= from)
    {
      refuse_ca (error, VA_CORE_ERROR_RANGE, _("the certificate would end before it begins; has the CA expired?"));
      return NULL;
    }
  if (!make_key (request->curve, &key, error) || !gnutls_ok (gnutls_x509_crt_init (&certificate), "crt_init", error)
      || !set_basics (certificate, key, from, to, error)
      || !(request->server ? set_server (certificate, request, error) : set_client (certificate, request, error))
      || !gnutls_ok (gnutls_x509_crt_set_basic_constraints (certificate, 0, -1), "set_basic_constraints", error)
      || !gnutls_ok (gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_DIGITAL_SIGNATURE), "set_key_usage", error)
      || !set_authority (certificate, ca_certificate, error)
      || !sign_certificate (certificate, ca_certificate, ca_key, error))
    return NULL;
  return export_pair (certificate, key, error);
}

gboolean
va_ca_certificate_ends (const char *pem, gint64 *ends, GError **error)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;

  if (!import_certificate (pem, &certificate, error))
    return FALSE;
  *ends = (gint64) gnutls_x509_crt_get_expiration_time (certificate);
  return TRUE;
}

/* --- lists of revoked certificates ---------------------------------------------------------------------------------
   */

/* Adds a certificate by its serial number, unless the list has it. */
static gboolean
list_serial (gnutls_x509_crl_t list, GHashTable *listed, const guint8 *serial, gsize size, time_t when, GError **error)
{
  GBytes *key = g_bytes_new (serial, size);

  if (!g_hash_table_add (listed, key))
    return TRUE;
  return gnutls_ok (gnutls_x509_crl_set_crt_serial (list, serial, size, when), "crl_set_crt_serial", error);
}

static gboolean
copy_list (gnutls_x509_crl_t list, GHashTable *listed, const char *pem, gnutls_x509_crt_t ca, GError **error)
{
  g_auto(gnutls_x509_crl_t) old = NULL;
  gnutls_datum_t data = { (unsigned char *) pem, (unsigned) strlen (pem) };
  unsigned status = 0;
  int count;

  if (gnutls_x509_crl_init (&old) < 0 || gnutls_x509_crl_import (old, &data, GNUTLS_X509_FMT_PEM) < 0)
    return refuse_ca (error, VA_CORE_ERROR_PARSE, _("the existing list is not a revocation list in PEM form"));
  if (gnutls_x509_crl_check_issuer (old, ca) == 0
      || gnutls_x509_crl_verify (old, &ca, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) < 0 || status != 0)
    return refuse_ca (error, VA_CORE_ERROR_PARSE, _("the existing list is not signed by this CA"));
  count = gnutls_x509_crl_get_crt_count (old);
  for (int i = 0; i < count; i++)
    {
      guint8 serial[SERIAL_MAX];
      size_t size = sizeof serial;
      time_t when = 0;

      if (!gnutls_ok (gnutls_x509_crl_get_crt_serial (old, i, serial, &size, &when), "crl_get_crt_serial", error)
          || !list_serial (list, listed, serial, size, when, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
list_certificate (gnutls_x509_crl_t list, GHashTable *listed, const char *pem, const char *ca, time_t now,
                  GError **error)
{
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  guint8 serial[SERIAL_MAX];
  size_t size = sizeof serial;

  if (!va_ca_check_issued (ca, pem, error) || !import_certificate (pem, &certificate, error))
    return FALSE;
  return gnutls_ok (gnutls_x509_crt_get_serial (certificate, serial, &size), "get_serial", error)
         && list_serial (list, listed, serial, size, now, error);
}

/* Version, times, number and authority: what every list has. */
static gboolean
finish_list (gnutls_x509_crl_t list, gnutls_x509_crt_t ca, gnutls_x509_privkey_t key, time_t now, guint days,
             GError **error)
{
  guint64 number = GUINT64_TO_BE ((guint64) now);
  guint8 id[KEY_ID_SIZE];
  size_t size = sizeof id;

  return gnutls_ok (gnutls_x509_crl_set_version (list, 2), "crl_set_version", error)
         && gnutls_ok (gnutls_x509_crl_set_this_update (list, now), "crl_set_this_update", error)
         && gnutls_ok (gnutls_x509_crl_set_next_update (list, now + (time_t) days * DAY), "crl_set_next_update", error)
         && gnutls_ok (gnutls_x509_crl_set_number (list, &number, sizeof number), "crl_set_number", error)
         && (gnutls_x509_crt_get_subject_key_id (ca, id, &size, NULL) < 0
             || gnutls_ok (gnutls_x509_crl_set_authority_key_id (list, id, size), "crl_set_authority_key_id", error))
         && gnutls_ok (gnutls_x509_crl_sign2 (list, ca, key, digest_for (key), 0), "crl_sign", error);
}

char *
va_ca_revoke (const VaCaPair *ca, const char *previous, const char *const *certificates, guint days, GError **error)
{
  g_autoptr(GHashTable) listed =
    g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  g_auto(gnutls_x509_crt_t) certificate = NULL;
  g_auto(gnutls_x509_privkey_t) key = NULL;
  g_auto(gnutls_x509_crl_t) list = NULL;
  time_t now = (time_t) (g_get_real_time () / G_USEC_PER_SEC);
  gnutls_datum_t pem = { NULL, 0 };
  char *text;

  if (days < 1 || days > 36500)
    {
      refuse_ca (error, VA_CORE_ERROR_RANGE, _("a revocation list can be valid for 1 to 36500 days"));
      return NULL;
    }
  if (!import_ca (ca, &certificate, &key, error) || !gnutls_ok (gnutls_x509_crl_init (&list), "crl_init", error)
      || (previous != NULL && !copy_list (list, listed, previous, certificate, error)))
    return NULL;
  for (; *certificates != NULL; certificates++)
    if (!list_certificate (list, listed, *certificates, ca->certificate, now, error))
      return NULL;
  if (!finish_list (list, certificate, key, now, days, error)
      || !gnutls_ok (gnutls_x509_crl_export2 (list, GNUTLS_X509_FMT_PEM, &pem), "crl_export", error))
    return NULL;
  text = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  return text;
}
