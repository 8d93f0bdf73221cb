/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "audit/checkpoint.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"

#define PEM_MAX 16384
#define SIGNATURE_MAX 1024
#define NAMES_MAX 64 /* alternative names looked at */
#define NAME_SIZE 256
#define CHAIN_MAX 8
#define TIME_MAX G_GINT64_CONSTANT (253402300799999)

struct _VaSigner {
  GMutex mutex;
  char *certificate;
  gnutls_privkey_t key;
  gnutls_sign_algorithm_t algorithm;
};

struct _VaVerifier {
  gnutls_x509_trust_list_t trusted;
  char *signer; /* %NULL: any */
  char *found;
};

/* The certificates of a checkpoint, freed together. */
typedef struct {
  gnutls_x509_crt_t *list;
  guint length;
} Chain;

static void
chain_clear (Chain *chain)
{
  for (guint i = 0; i < chain->length; i++)
    gnutls_x509_crt_deinit (chain->list[i]);
  gnutls_free (chain->list);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Chain, chain_clear)

void
va_checkpoint_free (VaCheckpoint *checkpoint)
{
  if (checkpoint == NULL)
    return;
  g_free (checkpoint->certificate);
  g_clear_pointer (&checkpoint->signature, g_bytes_unref);
  g_free (checkpoint);
}

JsonObject *
va_checkpoint_write (const VaCheckpoint *checkpoint)
{
  g_autofree char *link = va_hex_encode (checkpoint->link, VA_AUDIT_LINK_SIZE);
  g_autofree char *signature =
    va_base64_encode (g_bytes_get_data (checkpoint->signature, NULL), g_bytes_get_size (checkpoint->signature));
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "seq", (gint64) checkpoint->seq);
  json_object_set_string_member (object, "link", link);
  json_object_set_int_member (object, "time", checkpoint->time);
  json_object_set_string_member (object, "certificate", checkpoint->certificate);
  json_object_set_string_member (object, "signature", signature);
  return object;
}

VaCheckpoint *
va_checkpoint_read (JsonObject *object, GError **error)
{
  g_autoptr(VaCheckpoint) checkpoint = g_new0 (VaCheckpoint, 1);
  VaFields fields = VA_FIELDS_INIT (object, "checkpoint");
  guint64 time = 0;

  va_fields_number (&fields, "seq", VA_REQUIRED, 0, G_MAXINT64, &checkpoint->seq);
  va_fields_hex (&fields, "link", VA_REQUIRED, checkpoint->link, VA_AUDIT_LINK_SIZE);
  va_fields_number (&fields, "time", VA_REQUIRED, 0, TIME_MAX, &time);
  checkpoint->time = (gint64) time;
  checkpoint->certificate = g_strdup (va_fields_string (&fields, "certificate", VA_REQUIRED, PEM_MAX));
  checkpoint->signature = va_fields_base64 (&fields, "signature", VA_REQUIRED, SIGNATURE_MAX);
  return va_fields_end (&fields, error) ? g_steal_pointer (&checkpoint) : NULL;
}

static char *
signed_text (const VaCheckpoint *checkpoint)
{
  g_autofree char *link = va_hex_encode (checkpoint->link, VA_AUDIT_LINK_SIZE);

  return g_strdup_printf ("virt-attest audit checkpoint 1\n%" PRIu64 "\n%s\n%" PRId64 "\n", checkpoint->seq, link,
                          checkpoint->time);
}

static gnutls_datum_t
datum_of (const char *text)
{
  return (gnutls_datum_t){ (unsigned char *) text, (unsigned) strlen (text) };
}

/* How this kind of key signs here; UNKNOWN for one that does not. */
static gnutls_sign_algorithm_t
find_algorithm (int kind)
{
  switch (kind)
    {
    case GNUTLS_PK_ECDSA:
      return GNUTLS_SIGN_ECDSA_SHA256;
    case GNUTLS_PK_RSA:
      return GNUTLS_SIGN_RSA_SHA256;
    case GNUTLS_PK_EDDSA_ED25519:
      return GNUTLS_SIGN_EDDSA_ED25519;
    default:
      return GNUTLS_SIGN_UNKNOWN;
    }
}

VaSigner *
va_signer_new (const char *certificate, VaSecret *key, GError **error)
{
  g_autoptr(VaSigner) signer = g_new0 (VaSigner, 1);
  gnutls_datum_t pem = { va_secret_data (key), (unsigned) va_secret_size (key) - 1 };
  int rc = gnutls_privkey_init (&signer->key);

  g_mutex_init (&signer->mutex);
  if (rc >= 0)
    rc = gnutls_privkey_import_x509_raw (signer->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
  if (rc < 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("the service's key cannot be read: %s"),
                         gnutls_strerror (rc)),
           NULL;
  signer->algorithm = find_algorithm (gnutls_privkey_get_pk_algorithm (signer->key, NULL));
  if (signer->algorithm == GNUTLS_SIGN_UNKNOWN)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("the service's key must be an ECDSA, Ed25519 or RSA key, because it signs the "
                           "audit log")),
           NULL;
  signer->certificate = g_strdup (certificate);
  return g_steal_pointer (&signer);
}

void
va_signer_free (VaSigner *signer)
{
  if (signer == NULL)
    return;
  g_clear_pointer (&signer->key, gnutls_privkey_deinit);
  g_free (signer->certificate);
  g_mutex_clear (&signer->mutex);
  g_free (signer);
}

gboolean
va_signer_renew (VaSigner *signer, const char *certificate, VaSecret *key, GError **error)
{
  g_autoptr(VaSigner) renewed = va_signer_new (certificate, key, error);
  gnutls_privkey_t old_key;
  char *old_certificate;

  if (renewed == NULL)
    return FALSE;
  g_mutex_lock (&signer->mutex);
  old_key = signer->key;
  old_certificate = signer->certificate;
  signer->key = renewed->key;
  signer->certificate = renewed->certificate;
  signer->algorithm = renewed->algorithm;
  g_mutex_unlock (&signer->mutex);
  renewed->key = old_key;
  renewed->certificate = old_certificate;
  return TRUE;
}

VaCheckpoint *
va_signer_sign (VaSigner *signer, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE], gint64 time, GError **error)
{
  g_autoptr(VaCheckpoint) checkpoint = g_new0 (VaCheckpoint, 1);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&signer->mutex);
  g_autofree char *text = NULL;
  gnutls_datum_t data, signature = { NULL, 0 };
  int rc;

  checkpoint->seq = seq;
  memcpy (checkpoint->link, link, VA_AUDIT_LINK_SIZE);
  checkpoint->time = time;
  checkpoint->certificate = g_strdup (signer->certificate);
  text = signed_text (checkpoint);
  data = datum_of (text);
  rc = gnutls_privkey_sign_data2 (signer->key, signer->algorithm, 0, &data, &signature);
  if (rc < 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("the audit log's checkpoint cannot be signed: %s"), gnutls_strerror (rc)),
           NULL;
  checkpoint->signature = g_bytes_new (signature.data, signature.size);
  gnutls_free (signature.data);
  return g_steal_pointer (&checkpoint);
}

static gboolean
verify_with (gnutls_pubkey_t key, gnutls_sign_algorithm_t algorithm, const VaCheckpoint *checkpoint)
{
  g_autofree char *text = signed_text (checkpoint);
  gnutls_datum_t data = datum_of (text), signature = { NULL, 0 };
  gsize size;

  signature.data = (unsigned char *) g_bytes_get_data (checkpoint->signature, &size);
  signature.size = (unsigned) size;
  return gnutls_pubkey_verify_data2 (key, algorithm, 0, &data, &signature) >= 0;
}

gboolean
va_signer_made (VaSigner *signer, const VaCheckpoint *checkpoint)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&signer->mutex);
  gnutls_pubkey_t key = NULL;
  gboolean made = gnutls_pubkey_init (&key) >= 0 && gnutls_pubkey_import_privkey (key, signer->key, 0, 0) >= 0
                  && verify_with (key, signer->algorithm, checkpoint);

  g_clear_pointer (&key, gnutls_pubkey_deinit);
  return made;
}

VaVerifier *
va_verifier_new (const char *ca, const char *signer, GError **error)
{
  g_autoptr(VaVerifier) verifier = g_new0 (VaVerifier, 1);
  gnutls_datum_t pem = datum_of (ca);
  int rc = gnutls_x509_trust_list_init (&verifier->trusted, 0);

  if (rc >= 0)
    rc = gnutls_x509_trust_list_add_trust_mem (verifier->trusted, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
  if (rc <= 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("the CA's certificate cannot be read: expected one in PEM form")),
           NULL;
  verifier->signer = g_strdup (signer);
  return g_steal_pointer (&verifier);
}

const char *
va_verifier_found (const VaVerifier *verifier)
{
  return verifier->found;
}

void
va_verifier_free (VaVerifier *verifier)
{
  if (verifier == NULL)
    return;
  if (verifier->trusted != NULL)
    gnutls_x509_trust_list_deinit (verifier->trusted, 1);
  g_free (verifier->signer);
  g_free (verifier->found);
  g_free (verifier);
}

/* A certificate for TLS servers that the CA made. Its times are looked at apart: what counts is when it signed. */
static gboolean
check_certificate (const VaVerifier *verifier, const Chain *chain, gint64 time, GError **error)
{
  gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_SERVER, 0 };
  unsigned status = 0;
  int rc =
    gnutls_x509_trust_list_verify_crt2 (verifier->trusted, chain->list, chain->length, &purpose, 1,
                                        GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS,
                                        &status, NULL);
  time_t when = (time_t) (time / 1000);

  if (rc < 0 || status != 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("its certificate is not a service's certificate issued by the CA"));
  if (when < gnutls_x509_crt_get_activation_time (chain->list[0])
      || when > gnutls_x509_crt_get_expiration_time (chain->list[0]))
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("its certificate was not valid at the time it states"));
  return TRUE;
}

/* The first name of a server in @certificate that can be shown to anybody. Returns: (transfer full): "?" if there is
   none */
static char *
name_signer (gnutls_x509_crt_t certificate)
{
  for (guint i = 0; i < NAMES_MAX; i++)
    {
      char name[NAME_SIZE] = "", address[INET6_ADDRSTRLEN];
      size_t size = sizeof name - 1;
      int kind = gnutls_x509_crt_get_subject_alt_name (certificate, i, name, &size, NULL);

      if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        break;
      if (kind == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16)
          && inet_ntop (size == 4 ? AF_INET : AF_INET6, name, address, sizeof address) != NULL)
        return g_strdup (address);
      if (kind == GNUTLS_SAN_DNSNAME && name[0] != '\0'
          && name[strspn (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".-_*")] == '\0')
        return g_strdup (name);
    }
  return g_strdup ("?");
}

/* Any server of the site has a certificate of the CA; only the attestation service signs the log. */
static gboolean
check_signer (VaVerifier *verifier, gnutls_x509_crt_t certificate, GError **error)
{
  g_autofree char *name = name_signer (certificate);

  if (verifier->signer != NULL && gnutls_x509_crt_check_hostname (certificate, verifier->signer) == 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("it was signed by “%s”, not by the service “%s”"), name, verifier->signer);
  if (verifier->found == NULL)
    verifier->found = g_steal_pointer (&name);
  return TRUE;
}

static gboolean
check_signature (gnutls_x509_crt_t certificate, const VaCheckpoint *checkpoint, GError **error)
{
  gnutls_sign_algorithm_t algorithm = find_algorithm (gnutls_x509_crt_get_pk_algorithm (certificate, NULL));
  gnutls_pubkey_t key = NULL;
  gboolean good = gnutls_pubkey_init (&key) >= 0 && gnutls_pubkey_import_x509 (key, certificate, 0) >= 0
                  && verify_with (key, algorithm, checkpoint);

  g_clear_pointer (&key, gnutls_pubkey_deinit);
  return good
         || va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                          _("its signature does not match its certificate"));
}

gboolean
va_verifier_check (VaVerifier *verifier, const VaCheckpoint *checkpoint, GError **error)
{
  gnutls_datum_t pem = datum_of (checkpoint->certificate);
  g_auto(Chain) chain = { NULL, 0 };

  if (gnutls_x509_crt_list_import2 (&chain.list, &chain.length, &pem, GNUTLS_X509_FMT_PEM, 0) < 0 || chain.length == 0
      || chain.length > CHAIN_MAX)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("its certificate cannot be read"));
  return check_certificate (verifier, &chain, checkpoint->time, error)
         && check_signature (chain.list[0], checkpoint, error) && check_signer (verifier, chain.list[0], error);
}
