/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/session.h"

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/hmac.h>
#include <string.h>
#include "core/i18n.h"
#include "core/random.h"
#include "tee/sev/agreement.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"

/* Where things are in the session buffer */
#define AT_NONCE 0
#define AT_WRAPPED 16
#define AT_IV 48
#define AT_WRAP_MAC 64
#define AT_POLICY_MAC 96
#define NONCE_SIZE 16
#define WRAPPED_SIZE 32

/* One block of the KDF is enough: keys have 16 bytes, an HMAC 32. */
static VaSecret *
derive_key (VaSecret *key, const char *label, const guint8 *context, gsize context_size)
{
  static const guint8 counter[4] = { 1, 0, 0, 0 }, separator[1] = { 0 };
  guint8 bits[4];
  struct hmac_sha256_ctx hmac;
  VaSecret *derived = va_secret_new (VA_SEV_KEY_SIZE);

  va_put_le32 (bits, 8 * VA_SEV_KEY_SIZE);
  hmac_sha256_set_key (&hmac, va_secret_size (key), va_secret_data (key));
  hmac_sha256_update (&hmac, sizeof counter, counter);
  hmac_sha256_update (&hmac, strlen (label), (const guint8 *) label);
  hmac_sha256_update (&hmac, sizeof separator, separator);
  if (context_size > 0)
    hmac_sha256_update (&hmac, context_size, context);
  hmac_sha256_update (&hmac, sizeof bits, bits);
  hmac_sha256_digest (&hmac, VA_SEV_KEY_SIZE, va_secret_data (derived));
  va_wipe (&hmac, sizeof hmac);
  return derived;
}

static void
compute_mac (VaSecret *key, const guint8 *data, gsize size, guint8 out[32])
{
  struct hmac_sha256_ctx hmac;

  hmac_sha256_set_key (&hmac, va_secret_size (key), va_secret_data (key));
  hmac_sha256_update (&hmac, size, data);
  hmac_sha256_digest (&hmac, 32, out);
  va_wipe (&hmac, sizeof hmac);
}

static VaSecret *
random_key (void)
{
  VaSecret *key = va_secret_new (VA_SEV_KEY_SIZE);

  va_random_fill (va_secret_data (key), VA_SEV_KEY_SIZE);
  return key;
}

/* TEK and TIK under the KEK, into the session buffer */
static void
wrap_keys (VaSevSession *session, VaSecret *kek)
{
  g_autoptr(VaSecret) keys = va_secret_new (WRAPPED_SIZE);
  struct aes128_ctx aes;
  guint8 counter[AES_BLOCK_SIZE];

  memcpy (va_secret_data (keys), va_secret_data (session->tek), VA_SEV_KEY_SIZE);
  memcpy (va_secret_data (keys) + VA_SEV_KEY_SIZE, va_secret_data (session->tik), VA_SEV_KEY_SIZE);
  memcpy (counter, session->session + AT_IV, sizeof counter);
  aes128_set_encrypt_key (&aes, va_secret_data (kek));
  ctr_crypt (&aes, (nettle_cipher_func *) aes128_encrypt, sizeof counter, counter, WRAPPED_SIZE,
             session->session + AT_WRAPPED, va_secret_data (keys));
  va_wipe (&aes, sizeof aes);
}

static void
fill_session (VaSevSession *session, VaSecret *shared, guint32 policy)
{
  guint8 *buffer = session->session, policy_bytes[4];
  g_autoptr(VaSecret) master = NULL;
  g_autoptr(VaSecret) kek = NULL;
  g_autoptr(VaSecret) kik = NULL;

  va_random_fill (buffer + AT_NONCE, NONCE_SIZE);
  va_random_fill (buffer + AT_IV, AES_BLOCK_SIZE);
  master = derive_key (shared, "sev-master-secret", buffer + AT_NONCE, NONCE_SIZE);
  kek = derive_key (master, "sev-kek", NULL, 0);
  kik = derive_key (master, "sev-kik", NULL, 0);
  wrap_keys (session, kek);
  compute_mac (kik, buffer + AT_WRAPPED, WRAPPED_SIZE, buffer + AT_WRAP_MAC);
  va_put_le32 (policy_bytes, policy);
  compute_mac (session->tik, policy_bytes, sizeof policy_bytes, buffer + AT_POLICY_MAC);
}

VaSevSession *
va_sev_session_new (const VaSevCert *pdh, guint32 policy, GError **error)
{
  g_autoptr(VaSevSession) session = g_new0 (VaSevSession, 1);
  g_autoptr(VaSecret) shared = NULL;
  VaSevPoint godh;

  if (pdh->usage != VA_SEV_USAGE_PDH)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY,
                   _("a session requires a PDH certificate, but this is that of a %s"), va_sev_usage_name (pdh->usage));
      return NULL;
    }
  shared = va_sev_agree (&pdh->key, &godh, error);
  if (shared == NULL)
    return NULL;
  session->tik = random_key ();
  session->tek = random_key ();
  fill_session (session, shared, policy);
  va_sev_cert_build (session->godh_cert, pdh->api_major, pdh->api_minor, VA_SEV_USAGE_PDH, VA_SEV_ALGO_ECDH_SHA256,
                     &godh);
  return g_steal_pointer (&session);
}

void
va_sev_session_free (VaSevSession *session)
{
  if (session == NULL)
    return;
  va_secret_free (session->tik);
  va_secret_free (session->tek);
  g_free (session);
}
