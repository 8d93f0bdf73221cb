/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>
#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <nettle/bignum.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>
#include "core/random.h"
#include "tee/sev/packet.h"
#include "tee/sev/session.h"

/*
 * Session and secret packet against the sum of the primitives that they cannot do without, turn by turn, so that what
 * disturbs the machine disturbs both. Prints NAME MICROSECONDS, the median of each.
 */

#define SESSIONS 300
#define PACKETS 20000
#define PACKETS_AT_ONCE 100 /* a packet alone is too short for the clock */
#define TABLE_SIZE 3072     /* a full secret area of OVMF */

static VaSevCert pdh;
static VaSecret *tik, *tek, *table;
static guint8 out[TABLE_SIZE];

static void
random_bytes (void *context, size_t size, uint8_t *bytes)
{
  (void) context;
  va_random_fill (bytes, size);
}

static void
mac (gsize key_size, gsize size)
{
  static const guint8 zeros[TABLE_SIZE];
  struct hmac_sha256_ctx hmac;

  hmac_sha256_set_key (&hmac, key_size, zeros);
  hmac_sha256_update (&hmac, size, zeros);
  hmac_sha256_digest (&hmac, 32, out);
}

static void
encrypt (gsize size)
{
  guint8 key[16] = { 0 }, counter[16] = { 0 };
  struct aes128_ctx aes;

  aes128_set_encrypt_key (&aes, key);
  ctr_crypt (&aes, (nettle_cipher_func *) aes128_encrypt, sizeof counter, counter, size, out, va_secret_data (table));
}

/* Key generation and ECDH on P-384; TIK, TEK, nonce, IV; three steps of the KDF, two MACs, the keys encrypted. */
static void
session_primitives (void)
{
  guint8 bytes[64];
  struct ecc_point point;
  struct ecc_scalar key;

  ecc_point_init (&point, nettle_get_secp_384r1 ());
  ecc_scalar_init (&key, nettle_get_secp_384r1 ());
  ecdsa_generate_keypair (&point, &key, NULL, random_bytes);
  ecc_point_mul (&point, &key, &point);
  ecc_scalar_clear (&key);
  ecc_point_clear (&point);
  va_random_fill (bytes, sizeof bytes);
  mac (48, 42);
  mac (16, 16);
  mac (16, 16);
  mac (16, 32);
  mac (16, 4);
  encrypt (32);
}

static void
session (void)
{
  VaSevSession *made = va_sev_session_new (&pdh, 5, NULL);

  g_assert (made != NULL);
  va_sev_session_free (made);
}

static void
packet_primitives (void)
{
  guint8 iv[16];

  va_random_fill (iv, sizeof iv);
  encrypt (TABLE_SIZE);
  mac (16, TABLE_SIZE);
}

static void
packet (void)
{
  guint8 header[VA_PACKET_HEADER_SIZE], measure[32] = { 0 };

  g_bytes_unref (va_packet_seal (tik, tek, table, measure, header));
}

static double
time_of (void (*work) (void), guint times)
{
  gint64 begun = g_get_monotonic_time ();

  for (guint i = 0; i < times; i++)
    work ();
  return (double) (g_get_monotonic_time () - begun) / times;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (GArray *times)
{
  g_array_sort (times, compare);
  return g_array_index (times, double, times->len / 2);
}

static void
measure (const char *name, void (*whole) (void), void (*primitives) (void), guint count, guint at_once)
{
  g_autoptr(GArray) one = g_array_new (FALSE, FALSE, sizeof (double)),
                    other = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < count / at_once; i++)
    {
      double a = time_of (whole, at_once), b = time_of (primitives, at_once);

      g_array_append_val (one, a);
      g_array_append_val (other, b);
    }
  printf ("%s %.3f\n%s-primitives %.3f\n", name, median (one), name, median (other));
}

int
main (void)
{
  guint8 raw[VA_SEV_CERT_SIZE];
  VaSevPoint point;
  struct ecc_point own;
  struct ecc_scalar key;
  mpz_t x, y;

  ecc_point_init (&own, nettle_get_secp_384r1 ());
  ecc_scalar_init (&key, nettle_get_secp_384r1 ());
  ecdsa_generate_keypair (&own, &key, NULL, random_bytes);
  mpz_init (x);
  mpz_init (y);
  ecc_point_get (&own, x, y);
  nettle_mpz_get_str_256 (VA_SEV_EC_SIZE, point.x, x);
  nettle_mpz_get_str_256 (VA_SEV_EC_SIZE, point.y, y);
  va_sev_cert_build (raw, 1, 51, VA_SEV_USAGE_PDH, VA_SEV_ALGO_ECDH_SHA256, &point);
  g_assert (va_sev_cert_parse (&pdh, raw, sizeof raw, NULL));
  tik = va_secret_new (16);
  tek = va_secret_new (16);
  table = va_secret_new (TABLE_SIZE);
  measure ("session", session, session_primitives, SESSIONS, 1);
  measure ("secret-packet", packet, packet_primitives, PACKETS, PACKETS_AT_ONCE);
  mpz_clear (y);
  mpz_clear (x);
  ecc_scalar_clear (&key);
  ecc_point_clear (&own);
  va_secret_free (table);
  va_secret_free (tek);
  va_secret_free (tik);
  return 0;
}
