/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/seal.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include "core/i18n.h"
#include "core/random.h"

#define SEAL_VERSION 1
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define HEAD_SIZE (1 + NONCE_SIZE)

G_STATIC_ASSERT (VA_SEAL_OVERHEAD == HEAD_SIZE + TAG_SIZE);

struct _VaSeal {
  GMutex mutex; /* a GnuTLS cipher handle serves one thread at a time */
  gnutls_aead_cipher_hd_t cipher;
};

G_DEFINE_QUARK (va-seal-error-quark, va_seal_error)

VaSeal *
va_seal_new (VaSecret *key, GError **error)
{
  gnutls_datum_t datum = { va_secret_data (key), (unsigned) va_secret_size (key) };
  VaSeal *seal;

  if (va_secret_size (key) != VA_SEAL_KEY_SIZE)
    {
      g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("the key has %zu bytes instead of %d"),
                   va_secret_size (key), VA_SEAL_KEY_SIZE);
      return NULL;
    }
  seal = g_new0 (VaSeal, 1);
  g_mutex_init (&seal->mutex);
  if (gnutls_aead_cipher_init (&seal->cipher, GNUTLS_CIPHER_AES_256_GCM, &datum) < 0)
    g_error ("GnuTLS has no AES-256-GCM");
  return seal;
}

GBytes *
va_seal_label_bytes (const VaSealLabel *label)
{
  const char *parts[] = { "virt-attest seal 1", label->table, label->row, label->purpose };
  GByteArray *bytes = g_byte_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_byte_array_append (bytes, (const guint8 *) parts[i], (guint) strlen (parts[i]) + 1);
  return g_byte_array_free_to_bytes (bytes);
}

GBytes *
va_seal_close (VaSeal *seal, const VaSealLabel *label, VaSecret *value)
{
  g_autoptr(GBytes) aad = va_seal_label_bytes (label);
  gsize size = va_secret_size (value), room = size + TAG_SIZE;
  guint8 *out = g_malloc (HEAD_SIZE + room);
  int status;

  out[0] = SEAL_VERSION;
  va_random_fill (out + 1, NONCE_SIZE);
  g_mutex_lock (&seal->mutex);
  status = gnutls_aead_cipher_encrypt (seal->cipher, out + 1, NONCE_SIZE, g_bytes_get_data (aad, NULL),
                                       g_bytes_get_size (aad), TAG_SIZE, va_secret_data (value), size, out + HEAD_SIZE,
                                       &room);
  g_mutex_unlock (&seal->mutex);
  if (status < 0 || room != size + TAG_SIZE)
    g_error ("AES-256-GCM failed: %s", gnutls_strerror (status));
  return g_bytes_new_take (out, HEAD_SIZE + room);
}

VaSecret *
va_seal_open (VaSeal *seal, const VaSealLabel *label, GBytes *sealed, GError **error)
{
  g_autoptr(GBytes) aad = va_seal_label_bytes (label);
  gsize size = 0;
  const guint8 *data = sealed != NULL ? g_bytes_get_data (sealed, &size) : NULL;
  gsize room = size >= VA_SEAL_OVERHEAD ? size - VA_SEAL_OVERHEAD : 0;
  g_autoptr(VaSecret) value = va_secret_new (room);
  int status = GNUTLS_E_DECRYPTION_FAILED;

  if (size >= VA_SEAL_OVERHEAD && data[0] == SEAL_VERSION)
    {
      g_mutex_lock (&seal->mutex);
      status = gnutls_aead_cipher_decrypt (seal->cipher, data + 1, NONCE_SIZE, g_bytes_get_data (aad, NULL),
                                           g_bytes_get_size (aad), TAG_SIZE, data + HEAD_SIZE, size - HEAD_SIZE,
                                           va_secret_data (value), &room);
      g_mutex_unlock (&seal->mutex);
    }
  if (status == 0 && room == va_secret_size (value))
    return g_steal_pointer (&value);
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the sealed %s of %s does not open: it was changed, belongs to another row, or was sealed under "
                 "another key"),
               label->purpose, label->table);
  return NULL;
}

void
va_seal_free (VaSeal *seal)
{
  if (seal == NULL)
    return;
  gnutls_aead_cipher_deinit (seal->cipher);
  g_mutex_clear (&seal->mutex);
  g_free (seal);
}
