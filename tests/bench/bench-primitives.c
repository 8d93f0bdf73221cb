/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>
#include <nettle/bignum.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <nettle/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/random.h"

/*
 * What a launch cannot do without, alone: one turn of each after another for MILLISECONDS, so that what disturbs the
 * machine disturbs all of them. Keys and signatures come as bytes, as from certificates, and are taken in each time.
 * Prints NAME MEDIAN MEAN COMPUTED, in microseconds; the last is the mean without the time that
 * the processor was with others.
 */

#define EC_SIZE 48
#define RSA_SIZE 512
#define ROUNDS_MAX 100000

typedef struct {
  const char *name;
  void (*work) (void);
  GArray *times;   /* of double, microseconds */
  double computed; /* microseconds of the processor, in all */
} Primitive;

static guint8 ec_x[EC_SIZE], ec_y[EC_SIZE], ec_r[EC_SIZE], ec_s[EC_SIZE];
static guint8 rsa_n[RSA_SIZE], rsa_e[RSA_SIZE], rsa_signature[RSA_SIZE];
static const guint8 digest[48] = { 1, 2, 3 };
static struct ecc_scalar scalar; /* a fresh one each turn, from key generation, which ECDH then uses */

static void
random_bytes (void *context, size_t size, uint8_t *bytes)
{
  (void) context;
  va_random_fill (bytes, size);
}

static void
take (mpz_t number, gsize size, const guint8 *bytes)
{
  mpz_import (number, size, 1, 1, 1, 0, bytes);
}

/* The peer's point, checked to be one of the curve. */
static void
take_point (struct ecc_point *point)
{
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  take (x, EC_SIZE, ec_x);
  take (y, EC_SIZE, ec_y);
  ecc_point_init (point, nettle_get_secp_384r1 ());
  if (ecc_point_set (point, x, y) != 1)
    g_error ("the point is none of P-384");
  mpz_clear (y);
  mpz_clear (x);
}

static void
give_point (const struct ecc_point *point, guint8 x_out[EC_SIZE], guint8 y_out[EC_SIZE])
{
  mpz_t x, y;

  mpz_init (x);
  mpz_init (y);
  ecc_point_get (point, x, y);
  nettle_mpz_get_str_256 (EC_SIZE, x_out, x);
  nettle_mpz_get_str_256 (EC_SIZE, y_out, y);
  mpz_clear (y);
  mpz_clear (x);
}

static void
generate_key (void)
{
  guint8 x[EC_SIZE], y[EC_SIZE];
  struct ecc_point point;

  ecc_point_init (&point, nettle_get_secp_384r1 ());
  ecdsa_generate_keypair (&point, &scalar, NULL, random_bytes);
  give_point (&point, x, y);
  ecc_point_clear (&point);
}

static void
agree (void)
{
  guint8 x[EC_SIZE], y[EC_SIZE];
  struct ecc_point point;

  take_point (&point);
  ecc_point_mul (&point, &scalar, &point);
  give_point (&point, x, y);
  ecc_point_clear (&point);
}

static void
verify_ecdsa (void)
{
  struct dsa_signature signature;
  struct ecc_point point;

  take_point (&point);
  dsa_signature_init (&signature);
  take (signature.r, EC_SIZE, ec_r);
  take (signature.s, EC_SIZE, ec_s);
  if (ecdsa_verify (&point, 32, digest, &signature) != 1)
    g_error ("the ECDSA signature does not verify");
  dsa_signature_clear (&signature);
  ecc_point_clear (&point);
}

static void
verify_rsa (void)
{
  struct rsa_public_key key;
  mpz_t signature;

  rsa_public_key_init (&key);
  mpz_init (signature);
  take (key.n, RSA_SIZE, rsa_n);
  take (key.e, RSA_SIZE, rsa_e);
  take (signature, RSA_SIZE, rsa_signature);
  if (!rsa_public_key_prepare (&key) || rsa_pss_sha384_verify_digest (&key, 48, digest, signature) != 1)
    g_error ("the RSA signature does not verify");
  mpz_clear (signature);
  rsa_public_key_clear (&key);
}

static void
make_ec (void)
{
  struct dsa_signature signature;
  struct ecc_point point;

  ecc_point_init (&point, nettle_get_secp_384r1 ());
  ecc_scalar_init (&scalar, nettle_get_secp_384r1 ());
  dsa_signature_init (&signature);
  ecdsa_generate_keypair (&point, &scalar, NULL, random_bytes);
  give_point (&point, ec_x, ec_y);
  ecdsa_sign (&scalar, NULL, random_bytes, 32, digest, &signature);
  nettle_mpz_get_str_256 (EC_SIZE, ec_r, signature.r);
  nettle_mpz_get_str_256 (EC_SIZE, ec_s, signature.s);
  dsa_signature_clear (&signature);
  ecc_point_clear (&point);
}

/* The key and signature of a file of 3 * 512 bytes: making a key takes seconds, so this is done once for all rounds. */
static void
load_rsa (const char *path)
{
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  if (size != 3 * RSA_SIZE)
    g_error ("%s has %" G_GSIZE_FORMAT " bytes, expected %d", path, size, 3 * RSA_SIZE);
  memcpy (rsa_n, data, RSA_SIZE);
  memcpy (rsa_e, data + RSA_SIZE, RSA_SIZE);
  memcpy (rsa_signature, data + 2 * RSA_SIZE, RSA_SIZE);
}

static void
save_rsa (const char *path)
{
  struct rsa_public_key public;
  struct rsa_private_key private;
  guint8 data[3 * RSA_SIZE], salt[48];
  g_autoptr(GError) error = NULL;
  mpz_t signature;

  rsa_public_key_init (&public);
  rsa_private_key_init (&private);
  mpz_init (signature);
  mpz_set_ui (public.e, 65537);
  va_random_fill (salt, sizeof salt);
  if (!rsa_generate_keypair (&public, &private, NULL, random_bytes, NULL, NULL, 8 * RSA_SIZE, 0)
      || !rsa_pss_sha384_sign_digest_tr (&public, &private, NULL, random_bytes, sizeof salt, salt, digest, signature))
    g_error ("no RSA key could be made");
  nettle_mpz_get_str_256 (RSA_SIZE, data, public.n);
  nettle_mpz_get_str_256 (RSA_SIZE, data + RSA_SIZE, public.e);
  nettle_mpz_get_str_256 (RSA_SIZE, data + 2 * RSA_SIZE, signature);
  if (!g_file_set_contents (path, (const char *) data, sizeof data, &error))
    g_error ("%s", error->message);
  mpz_clear (signature);
  rsa_private_key_clear (&private);
  rsa_public_key_clear (&public);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
report (const Primitive *primitive)
{
  GArray *times = primitive->times;
  double sum = 0;

  for (guint i = 0; i < times->len; i++)
    sum += g_array_index (times, double, i);
  g_array_sort (times, compare);
  printf ("%s %.3f %.3f %.3f\n", primitive->name, g_array_index (times, double, times->len / 2), sum / times->len,
          primitive->computed / times->len);
}

static double
microseconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static void
measure (double milliseconds)
{
  Primitive primitives[] = { { "keygen", generate_key, NULL, 0 },
                             { "ecdh", agree, NULL, 0 },
                             { "ecdsa-verify", verify_ecdsa, NULL, 0 },
                             { "rsa-verify", verify_rsa, NULL, 0 } };
  double end = microseconds (CLOCK_MONOTONIC) + milliseconds * 1000;

  for (gsize i = 0; i < G_N_ELEMENTS (primitives); i++)
    {
      primitives[i].times = g_array_sized_new (FALSE, FALSE, sizeof (double), ROUNDS_MAX);
      primitives[i].work ();
    }
  for (guint turn = 0; turn < ROUNDS_MAX && (turn < 3 || microseconds (CLOCK_MONOTONIC) < end); turn++)
    for (gsize i = 0; i < G_N_ELEMENTS (primitives); i++)
      {
        double computed = microseconds (CLOCK_THREAD_CPUTIME_ID), begun = microseconds (CLOCK_MONOTONIC), taken;

        primitives[i].work ();
        taken = microseconds (CLOCK_MONOTONIC) - begun;
        primitives[i].computed += microseconds (CLOCK_THREAD_CPUTIME_ID) - computed;
        g_array_append_val (primitives[i].times, taken);
      }
  for (gsize i = 0; i < G_N_ELEMENTS (primitives); i++)
    {
      report (&primitives[i]);
      g_array_unref (primitives[i].times);
    }
}

int
main (int argc, char **argv)
{
  if (argc == 2)
    {
      save_rsa (argv[1]);
      return 0;
    }
  if (argc != 3 || g_ascii_strtod (argv[2], NULL) <= 0)
    {
      fprintf (stderr, "usage: bench-primitives KEY-FILE (makes it), or bench-primitives KEY-FILE MILLISECONDS\n");
      return 2;
    }
  load_rsa (argv[1]);
  make_ec ();
  measure (g_ascii_strtod (argv[2], NULL));
  ecc_scalar_clear (&scalar);
  return 0;
}
