/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include "core/random.h"
#include "token-fixture.h"
#include "store/error.h"

#define THREADS 4

#define ROUNDS 25

static const VaSealLabel other_label = { "data_keys", "11", "data key" };

static void
assert_refused (VaKek *kek, const VaSealLabel *place, GBytes *wrapped, const char *words)
{
  assert_fails (kek, place, wrapped, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, words);
}

static void
test_aes (Fixture *fixture, gconstpointer unused)
{
  check_round_trip (fixture, AES, "token “one”, key “aes”", 2, 1 + 12 + 32 + 16);
}

static void
test_rsa (Fixture *fixture, gconstpointer unused)
{
  check_round_trip (fixture, RSA, "token “one”, key “rsa”", 3, 2 + 256 + 256);
}

/* With the very key, GnuTLS opens what the token wrapped: it is AES-256-GCM with the label, and nothing else. */
static void
test_aes_is_gcm (Fixture *fixture, gconstpointer unused)
{
  guint8 bytes[VA_SEAL_KEY_SIZE];
  g_autoptr(VaSecret) key = NULL, opened = NULL;
  g_autoptr(VaSeal) seal = NULL;
  g_autoptr(VaKek) kek = NULL;
  g_autoptr(GBytes) wrapped = NULL, sealed = NULL;
  g_autofree guint8 *data = NULL;

  va_random_fill (bytes, sizeof bytes);
  soft_token_import ("one", "known", bytes, sizeof bytes);
  kek = open_uri (fixture, "pkcs11:token=one;object=known");
  wrapped = wrap (kek, fixture);
  data = g_memdup2 (g_bytes_get_data (wrapped, NULL), g_bytes_get_size (wrapped));
  data[0] = 1;
  sealed = g_bytes_new (data, g_bytes_get_size (wrapped));
  key = va_secret_copy_in (bytes, sizeof bytes);
  seal = va_seal_new (key, NULL);
  opened = va_seal_open (seal, &label, sealed, NULL);
  g_assert_nonnull (opened);
  g_assert_true (va_secret_equal (opened, fixture->data_key));
  assert_refused (kek, &label, sealed, "the 32 bytes of a file or credential");
}

/* Without the public key's object in the token, and with a PIN before each use. */
static void
test_rsa_variants (Fixture *fixture, gconstpointer unused)
{
  static const SoftKey keys[] = { { "no-public", 2048, .rsa = TRUE, .no_public = TRUE },
                                  { "each-time", 2048, .rsa = TRUE, .asks_each_time = TRUE },
                                  { "long", 3072, .rsa = TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *uri = g_strdup_printf ("pkcs11:token=one;object=%s;type=private", keys[i].label);
      g_autofree char *name = g_strdup_printf ("token “one”, key “%s”", keys[i].label);

      soft_token_add ("one", &keys[i]);
      check_round_trip (fixture, uri, name, 3, 2 + 2 * keys[i].bits / 8);
    }
}

static void
check_every_byte (Fixture *fixture, const char *uri, const char *other_uri)
{
  g_autoptr(VaKek) kek = open_uri (fixture, uri), other = open_uri (fixture, other_uri);
  g_autoptr(GBytes) wrapped = wrap (kek, fixture);
  gsize size = g_bytes_get_size (wrapped);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (wrapped, NULL), size);

  assert_refused (kek, &other_label, wrapped, "is not the key");
  assert_refused (other, &label, wrapped, "is not the key");
  for (gsize i = 0; i < size; i++)
    {
      g_autoptr(GBytes) altered = NULL, cut = g_bytes_new (data, i);

      data[i] ^= 0x10;
      altered = g_bytes_new (data, size);
      data[i] ^= 0x10;
      assert_refused (kek, &label, altered, "");
      assert_refused (kek, &label, cut, "");
    }
  assert_unwraps (kek, &label, wrapped, fixture->data_key);
}

static void
test_aes_every_byte (Fixture *fixture, gconstpointer unused)
{
  static const SoftKey other = { "aes-2", 256 };

  soft_token_add ("one", &other);
  check_every_byte (fixture, AES, "pkcs11:token=one;object=aes-2");
}

static void
test_rsa_every_byte (Fixture *fixture, gconstpointer unused)
{
  static const SoftKey other = { "rsa-2", 2048, .rsa = TRUE };

  soft_token_add ("one", &other);
  check_every_byte (fixture, RSA, "pkcs11:token=one;object=rsa-2;type=private");
}

/* Who knows the public key can encrypt a data key of his own; without the private key's signature it is not taken. */
static void
test_rsa_forged (Fixture *fixture, gconstpointer unused)
{
  g_autoptr(VaKek) kek = open_uri (fixture, RSA);
  g_autoptr(GBytes) wrapped = wrap (kek, fixture), forged = NULL;
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (wrapped, NULL), g_bytes_get_size (wrapped));
  guint8 mine[VA_SEAL_KEY_SIZE] = { 42 };

  g_assert_cmpuint (soft_token_encrypt ("one", "rsa", mine, sizeof mine, data + 2, 256), ==, 256);
  forged = g_bytes_new (data, g_bytes_get_size (wrapped));
  assert_refused (kek, &label, forged, "signature does not match");
  assert_unwraps (kek, &label, wrapped, fixture->data_key);
}

static void
test_other_kind (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (fixture->folder, "kek", NULL);
  const VaKekSettings in_file = { .file = path };
  guint8 bytes[VA_SEAL_KEY_SIZE];
  g_autoptr(VaKek) aes = open_uri (fixture, AES), rsa = open_uri (fixture, RSA), file = NULL;
  g_autoptr(GBytes) by_aes = wrap (aes, fixture), by_rsa = wrap (rsa, fixture), by_file = NULL;

  va_random_fill (bytes, sizeof bytes);
  g_assert_true (g_file_set_contents_full (path, (const char *) bytes, sizeof bytes, G_FILE_SET_CONTENTS_CONSISTENT,
                                           0600, NULL));
  file = open_kek (&in_file);
  by_file = wrap (file, fixture);
  assert_refused (file, &label, by_aes, "that was an AES key in a PKCS#11 token (“key-token” in [store])");
  assert_refused (file, &label, by_rsa, "that was an RSA key in a PKCS#11 token");
  assert_refused (aes, &label, by_file, "that was the 32 bytes of a file or credential (“key” or “key-credential”");
  assert_refused (aes, &label, by_rsa, "Configure the former key again");
  assert_refused (rsa, &label, by_aes, "token “one”, key “rsa” is not the key");
}

typedef struct {
  VaKek *kek;
  GBytes *wrapped;
  const Fixture *fixture;
} Shared;

static gpointer
use_often (gpointer data)
{
  const Shared *shared = data;

  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr(GBytes) mine = wrap (shared->kek, shared->fixture);

      assert_unwraps (shared->kek, &label, mine, shared->fixture->data_key);
      assert_unwraps (shared->kek, &label, shared->wrapped, shared->fixture->data_key);
    }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer unused)
{
  static const char *const uris[] = { AES, RSA };

  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr(VaKek) kek = open_uri (fixture, uris[i]);
      g_autoptr(GBytes) wrapped = wrap (kek, fixture);
      Shared shared = { kek, wrapped, fixture };
      GThread *threads[THREADS];

      for (guint t = 0; t < THREADS; t++)
        threads[t] = g_thread_new ("kek", use_often, &shared);
      for (guint t = 0; t < THREADS; t++)
        g_thread_join (threads[t]);
    }
}

/* Two KEKs in one token, as when a store is moved from one key to another: one that ends leaves the other logged in. */
static void
test_two_at_once (Fixture *fixture, gconstpointer unused)
{
  g_autoptr(VaKek) aes = open_uri (fixture, AES), rsa = open_uri (fixture, RSA);
  g_autoptr(GBytes) wrapped = wrap (rsa, fixture);

  g_clear_pointer (&aes, va_kek_free);
  assert_unwraps (rsa, &label, wrapped, fixture->data_key);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (soft_token_module () == NULL)
    {
      g_print ("1..0 # SKIP SoftHSM is missing: install softhsm2\n");
      return 0;
    }
#define ADD(name, test) g_test_add ("/kek-token/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("aes", test_aes);
  ADD ("rsa", test_rsa);
  ADD ("aes-is-gcm", test_aes_is_gcm);
  ADD ("rsa-variants", test_rsa_variants);
  ADD ("aes-every-byte", test_aes_every_byte);
  ADD ("rsa-every-byte", test_rsa_every_byte);
  ADD ("rsa-forged", test_rsa_forged);
  ADD ("other-kind", test_other_kind);
  ADD ("threads", test_threads);
  ADD ("two-at-once", test_two_at_once);
  return g_test_run ();
}
