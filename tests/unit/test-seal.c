/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/random.h"
#include "store/error.h"
#include "kek/seal.h"

static const VaSealLabel label = { "secrets", "alice\nroot", "value" };

static VaSeal *
new_seal (guint8 fill)
{
  g_autoptr(VaSecret) key = va_secret_new (VA_SEAL_KEY_SIZE);
  g_autoptr(GError) error = NULL;
  VaSeal *seal;

  memset (va_secret_data (key), fill, VA_SEAL_KEY_SIZE);
  seal = va_seal_new (key, &error);
  g_assert_no_error (error);
  return seal;
}

static void
assert_refused (VaSeal *seal, const VaSealLabel *place, GBytes *sealed)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) value = va_seal_open (seal, place, sealed, &error);

  g_assert_null (value);
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
}

static void
test_round_trip (void)
{
  g_autoptr(VaSeal) seal = new_seal (1);

  for (gsize size = 0; size <= 20000; size = size * 3 + 1)
    {
      g_autoptr(VaSecret) value = va_secret_new (size);
      g_autoptr(GBytes) sealed = NULL;
      g_autoptr(VaSecret) again = NULL;

      va_random_fill (va_secret_data (value), size);
      sealed = va_seal_close (seal, &label, value);
      g_assert_cmpuint (g_bytes_get_size (sealed), ==, size + VA_SEAL_OVERHEAD);
      again = va_seal_open (seal, &label, sealed, NULL);
      g_assert_nonnull (again);
      g_assert_true (va_secret_equal (value, again));
    }
}

static void
test_nonce (void)
{
  g_autoptr(VaSeal) seal = new_seal (1);
  g_autoptr(VaSecret) value = va_secret_copy_in ("same", 4);
  g_autoptr(GBytes) one = va_seal_close (seal, &label, value), two = va_seal_close (seal, &label, value);

  g_assert_false (g_bytes_equal (one, two));
}

static void
test_wrong_place (void)
{
  static const VaSealLabel others[] = { { "launches", "alice\nroot", "value" }, { "secrets", "alice\nroo", "value" },
                                        { "secrets", "bob\nroot", "value" },    { "secrets", "alice\nroot", "values" },
                                        { "secrets", "alice\nrootvalue", "" },  { "secretsalice\nroot", "", "value" } };
  g_autoptr(VaSeal) seal = new_seal (1), other_key = new_seal (2);
  g_autoptr(VaSecret) value = va_secret_copy_in ("hunter2", 7);
  g_autoptr(GBytes) sealed = va_seal_close (seal, &label, value);

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    assert_refused (seal, &others[i], sealed);
  assert_refused (other_key, &label, sealed);
}

static void
test_every_byte_counts (void)
{
  g_autoptr(VaSeal) seal = new_seal (1);
  g_autoptr(VaSecret) value = va_secret_copy_in ("hunter2", 7);
  g_autoptr(GBytes) sealed = va_seal_close (seal, &label, value);
  gsize size = g_bytes_get_size (sealed);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (sealed, NULL), size);

  for (gsize i = 0; i < size; i++)
    {
      g_autoptr(GBytes) altered = NULL, cut = g_bytes_new (data, i);

      data[i] ^= 0x10;
      altered = g_bytes_new (data, size);
      data[i] ^= 0x10;
      assert_refused (seal, &label, altered);
      assert_refused (seal, &label, cut);
    }
}

static void
test_key_size (void)
{
  g_autoptr(VaSecret) key = va_secret_new (VA_SEAL_KEY_SIZE - 1);
  g_autoptr(GError) error = NULL;

  g_assert_null (va_seal_new (key, &error));
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seal/round-trip", test_round_trip);
  g_test_add_func ("/seal/nonce", test_nonce);
  g_test_add_func ("/seal/wrong-place", test_wrong_place);
  g_test_add_func ("/seal/every-byte-counts", test_every_byte_counts);
  g_test_add_func ("/seal/key-size", test_key_size);
  return g_test_run ();
}
