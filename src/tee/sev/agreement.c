/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/agreement.h"

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <stdlib.h>
#include <string.h>
#include "core/i18n.h"
#include "core/random.h"
#include "tee/sev/error.h"

static void
random_bytes (void *context, size_t length, uint8_t *out)
{
  va_random_fill (out, length);
}

static void *
wiping_realloc (void *old, size_t old_size, size_t new_size)
{
  void *new = malloc (new_size);

  if (new == NULL)
    g_error ("no memory for a number of %zu bytes", new_size);
  memcpy (new, old, MIN (old_size, new_size));
  va_wipe (old, old_size);
  free (old);
  return new;
}

static void
wiping_free (void *old, size_t size)
{
  va_wipe (old, size);
  free (old);
}

/* nettle leaves private numbers in freed memory, its scratch space too; all of it goes through GMP's allocator.
   These pair with GMP's own malloc, so numbers made before are freed well. */
static void
wipe_numbers (void)
{
  static gsize done;

  if (g_once_init_enter (&done))
    {
      mp_set_memory_functions (NULL, wiping_realloc, wiping_free);
      g_once_init_leave (&done, 1);
    }
}

static gboolean
read_point (struct ecc_point *point, const VaSevPoint *from)
{
  gboolean good;
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  nettle_mpz_set_str_256_u (x, VA_SEV_EC_SIZE, from->x);
  nettle_mpz_set_str_256_u (y, VA_SEV_EC_SIZE, from->y);
  good = ecc_point_set (point, x, y) == 1;
  mpz_clear (y);
  mpz_clear (x);
  return good;
}

static void
write_point (guint8 x_out[VA_SEV_EC_SIZE], guint8 y_out[VA_SEV_EC_SIZE], const struct ecc_point *point)
{
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  ecc_point_get (point, x, y);
  nettle_mpz_get_str_256 (VA_SEV_EC_SIZE, x_out, x);
  if (y_out != NULL)
    nettle_mpz_get_str_256 (VA_SEV_EC_SIZE, y_out, y);
  mpz_clear (y);
  mpz_clear (x);
}

static VaSecret *
agree_secret (struct ecc_point *peer, VaSevPoint *own)
{
  VaSecret *shared = va_secret_new (VA_SEV_EC_SIZE);
  struct ecc_point point;
  struct ecc_scalar key;

  ecc_point_init (&point, nettle_get_secp_384r1 ());
  ecc_scalar_init (&key, nettle_get_secp_384r1 ());
  ecdsa_generate_keypair (&point, &key, NULL, random_bytes);
  write_point (own->x, own->y, &point);
  ecc_point_mul (&point, &key, peer);
  write_point (va_secret_data (shared), NULL, &point);
  ecc_scalar_clear (&key);
  ecc_point_clear (&point);
  return shared;
}

VaSecret *
va_sev_agree (const VaSevPoint *peer, VaSevPoint *own, GError **error)
{
  VaSecret *shared = NULL;
  struct ecc_point point;

  wipe_numbers ();
  ecc_point_init (&point, nettle_get_secp_384r1 ());
  if (read_point (&point, peer))
    shared = agree_secret (&point, own);
  else
    g_set_error_literal (error, VA_SEV_ERROR, VA_SEV_ERROR_KEY, _("the PDH's key is not a point of the curve P-384"));
  ecc_point_clear (&point);
  return shared;
}
