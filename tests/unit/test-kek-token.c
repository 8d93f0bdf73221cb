/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include "core/random.h"
#include "kek-checks.h"
#include "soft-token.h"
#include "kek/seal.h"
#include "store/error.h"
#include "kek/kek.h"

#define AES "pkcs11:token=one;object=aes;type=secret-key"
#define RSA "pkcs11:token=one;object=rsa;type=private"
#define WRONG_PIN "0815-wrong"
#define THREADS 4
#define ROUNDS 25

static const VaSealLabel label = { "data_keys", "1", "data key" };
static const VaSealLabel other_label = { "data_keys", "11", "data key" };

typedef struct {
  char *folder, *tokens, *pin;
  VaSecret *data_key;
} Fixture;

static void
write_pin (Fixture *fixture, const char *text, int mode)
{
  g_assert_true (g_file_set_contents_full (fixture->pin, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, NULL));
  g_assert_cmpint (chmod (fixture->pin, (mode_t) mode), ==, 0);
}

/* A token with one AES and one RSA key that will do. */
static void
set_up (Fixture *fixture, gconstpointer unused)
{
  static const SoftKey aes = { "aes", 256 }, rsa = { "rsa", 2048, .rsa = TRUE };

  fixture->folder = g_dir_make_tmp ("kek-token-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->tokens = g_build_filename (fixture->folder, "tokens", NULL);
  fixture->pin = g_build_filename (fixture->folder, "pin", NULL);
  write_pin (fixture, SOFT_TOKEN_PIN "\n", 0600);
  fixture->data_key = va_secret_new (VA_SEAL_KEY_SIZE);
  va_random_fill (va_secret_data (fixture->data_key), VA_SEAL_KEY_SIZE);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  soft_token_configure (fixture->folder, "");
  soft_token_make ("one");
  soft_token_add ("one", &aes);
  soft_token_add ("one", &rsa);
}

static void
remove_tree (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  remove_tree (fixture->folder);
  va_secret_free (fixture->data_key);
  g_free (fixture->folder);
  g_free (fixture->tokens);
  g_free (fixture->pin);
}

static VaKekSettings
settings_for (const Fixture *fixture, const char *uri)
{
  return (VaKekSettings){ .token = uri, .token_pin_file = fixture->pin, .token_module = soft_token_module () };
}

static VaKek *
open_uri (const Fixture *fixture, const char *uri)
{
  const VaKekSettings settings = settings_for (fixture, uri);

  return open_kek (&settings);
}

static void
assert_message (const GError *error, const char *words)
{
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” is not in: %s", words, error->message);
  /* No message ever shows a PIN. */
  g_assert_null (strstr (error->message, SOFT_TOKEN_PIN));
  g_assert_null (strstr (error->message, WRONG_PIN));
}

static void
assert_not_opened (const VaKekSettings *settings, VaKekError code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaKek) kek = va_kek_open (settings, &error);

  g_assert_null (kek);
  g_assert_error (error, VA_KEK_ERROR, (int) code);
  assert_message (error, words);
}

static void
assert_uri_not_opened (const Fixture *fixture, const char *uri, VaKekError code, const char *words)
{
  const VaKekSettings settings = settings_for (fixture, uri);

  assert_not_opened (&settings, code, words);
}

static void
assert_fails (VaKek *kek, const VaSealLabel *place, GBytes *wrapped, GQuark domain, int code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) key = va_kek_unwrap (kek, place, wrapped, &error);

  g_assert_null (key);
  g_assert_error (error, domain, code);
  assert_message (error, words);
}

static void
assert_refused (VaKek *kek, const VaSealLabel *place, GBytes *wrapped, const char *words)
{
  assert_fails (kek, place, wrapped, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, words);
}

static GBytes *
wrap (VaKek *kek, const Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  GBytes *wrapped = va_kek_wrap (kek, &label, fixture->data_key, &error);

  g_assert_no_error (error);
  return wrapped;
}

/* Whether @size bytes of @bytes are somewhere in @in. */
static gboolean
is_in (const guint8 *bytes, gsize size, GBytes *in)
{
  return memmem (g_bytes_get_data (in, NULL), g_bytes_get_size (in), bytes, size) != NULL;
}

static void
check_round_trip (Fixture *fixture, const char *uri, const char *name, guint8 kind, gsize size)
{
  g_autoptr(VaKek) kek = open_uri (fixture, uri), again = NULL;
  g_autoptr(GBytes) wrapped = wrap (kek, fixture), second = wrap (kek, fixture);

  g_assert_cmpstr (va_kek_name (kek), ==, name);
  g_assert_cmpuint (g_bytes_get_size (wrapped), ==, size);
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (wrapped, NULL))[0], ==, kind);
  g_assert_false (g_bytes_equal (wrapped, second));
  g_assert_false (is_in (va_secret_data (fixture->data_key), 8, wrapped));
  assert_unwraps (kek, &label, wrapped, fixture->data_key);
  g_clear_pointer (&kek, va_kek_free);
  again = open_uri (fixture, uri);
  assert_unwraps (again, &label, wrapped, fixture->data_key);
  assert_unwraps (again, &label, second, fixture->data_key);
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

static void
test_refused_keys (Fixture *fixture, gconstpointer unused)
{
  static const struct {
    SoftKey key;
    const char *words;
  } cases[] = {
    { { "extractable", 256, .extractable = TRUE }, "CKA_EXTRACTABLE must be false" },
    { { "readable", 256, .readable = TRUE }, "CKA_SENSITIVE must be true" },
    { { "short", 128 }, "not an AES key of 256 bits" },
    { { "no-encrypt", 256, .no_encrypt = TRUE }, "CKA_ENCRYPT" },
    { { "no-decrypt", 256, .no_decrypt = TRUE }, "CKA_DECRYPT" },
    { { "rsa-extractable", 2048, .rsa = TRUE, .extractable = TRUE }, "CKA_EXTRACTABLE must be false" },
    { { "rsa-readable", 2048, .rsa = TRUE, .readable = TRUE }, "CKA_SENSITIVE must be true" },
    { { "rsa-short", 1024, .rsa = TRUE }, "not an RSA key of 2048 bits" },
    { { "rsa-no-sign", 2048, .rsa = TRUE, .no_sign = TRUE }, "must sign what it wraps" },
    { { "rsa-no-decrypt", 2048, .rsa = TRUE, .no_decrypt = TRUE }, "may not decrypt and sign" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *uri = g_strdup_printf ("pkcs11:token=one;object=%s", cases[i].key.label);

      soft_token_add ("one", &cases[i].key);
      assert_uri_not_opened (fixture, uri, VA_KEK_ERROR_KEY, cases[i].words);
    }
}

static void
test_uris (Fixture *fixture, gconstpointer unused)
{
  static const struct {
    const char *uri, *words;
    VaKekError code;
  } cases[] = {
    { "http://one", "not a PKCS#11 URI", VA_KEK_ERROR_SETTINGS },
    { "pkcs11:token=%zz", "not a PKCS#11 URI", VA_KEK_ERROR_SETTINGS },
    { "", "not a PKCS#11 URI", VA_KEK_ERROR_SETTINGS },
    { "pkcs11:token=one;colour=blue", "unknown attribute", VA_KEK_ERROR_SETTINGS },
    { AES "?pin-value=" SOFT_TOKEN_PIN, "pin-value", VA_KEK_ERROR_SETTINGS },
    { AES "?module-name=softhsm2", "module-name", VA_KEK_ERROR_SETTINGS },
    { AES "?pin-source=/etc/pin", "PIN is given twice", VA_KEK_ERROR_SETTINGS },
    { AES "?module-path=/usr/lib/x.so", "module is given twice", VA_KEK_ERROR_SETTINGS },
    { "pkcs11:token=one;object=rsa;type=public", "type=secret-key or type=private", VA_KEK_ERROR_SETTINGS },
    { "pkcs11:token=one;object=rsa;type=cert", "type=secret-key or type=private", VA_KEK_ERROR_SETTINGS },
    { "pkcs11:token=two;object=aes", "not found; the tokens present are: “one”", VA_KEK_ERROR_TOKEN },
    { "pkcs11:token=one;serial=none;object=aes", "not found", VA_KEK_ERROR_TOKEN },
    { "pkcs11:library-manufacturer=none;object=aes", "not found", VA_KEK_ERROR_TOKEN },
    { "pkcs11:slot-id=1;object=aes", "not found", VA_KEK_ERROR_TOKEN },
    { "pkcs11:slot-description=none;object=aes", "not found", VA_KEK_ERROR_TOKEN },
    { "pkcs11:token=one;object=absent", "no secret or private key", VA_KEK_ERROR_KEY },
    { "pkcs11:token=one;object=aes;type=private", "no secret or private key", VA_KEK_ERROR_KEY },
    { "pkcs11:token=one", "matches 2 keys", VA_KEK_ERROR_KEY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_uri_not_opened (fixture, cases[i].uri, cases[i].code, cases[i].words);
}

static void
test_several (Fixture *fixture, gconstpointer unused)
{
  static const SoftKey again = { "aes", 256 };

  soft_token_make ("two");
  assert_uri_not_opened (fixture, "pkcs11:object=aes", VA_KEK_ERROR_TOKEN, "matches 2 tokens");
  soft_token_add ("one", &again);
  assert_uri_not_opened (fixture, AES, VA_KEK_ERROR_KEY, "matches 2 keys");
}

static void
test_modules (Fixture *fixture, gconstpointer unused)
{
  VaKekSettings settings = settings_for (fixture, AES);
  g_autofree char *uri = NULL;
  g_autoptr(VaKek) kek = NULL;

  settings.token_module = "/usr/lib/no-such-module.so";
  assert_not_opened (&settings, VA_KEK_ERROR_TOKEN, "/usr/lib/no-such-module.so cannot be loaded");
  settings.token_module = fixture->pin;
  assert_not_opened (&settings, VA_KEK_ERROR_TOKEN, "cannot be loaded");
  settings.token_module = "libsofthsm2.so";
  assert_not_opened (&settings, VA_KEK_ERROR_SETTINGS, "absolute path");
  settings.token_module = NULL;
  uri = g_strdup_printf (AES "?module-path=%s", soft_token_module ());
  settings.token = uri;
  kek = open_kek (&settings);
  g_assert_cmpstr (va_kek_name (kek), ==, "token “one”, key “aes”");
}

/* The modules that p11-kit is configured with; SoftHSM's package adds itself to them. */
static void
test_configured_modules (Fixture *fixture, gconstpointer unused)
{
  VaKekSettings settings = settings_for (fixture, AES);
  g_autoptr(VaKek) kek = NULL;

  if (!g_file_test ("/usr/share/p11-kit/modules/softhsm2.module", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("p11-kit is not configured with SoftHSM");
      return;
    }
  settings.token_module = NULL;
  kek = open_kek (&settings);
  check_round_trip (fixture, AES, va_kek_name (kek), 2, 61);
  settings.token = "pkcs11:token=absent";
  assert_not_opened (&settings, VA_KEK_ERROR_TOKEN, "one of p11-kit's modules");
}

static void
test_pin_files (Fixture *fixture, gconstpointer unused)
{
  static const char *const contents[] = { "", "\n", (SOFT_TOKEN_PIN "\nand more"), ("\n" SOFT_TOKEN_PIN) };
  VaKekSettings settings = settings_for (fixture, AES);
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = NULL;
  g_autoptr(VaKek) bare = NULL, by_source = NULL, credential = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      write_pin (fixture, contents[i], 0600);
      assert_not_opened (&settings, VA_KEK_ERROR_PIN, "one line");
    }
  write_pin (fixture, SOFT_TOKEN_PIN, 0600);
  bare = open_kek (&settings);
  settings.token_pin_file = NULL;
  assert_not_opened (&settings, VA_KEK_ERROR_PIN, "key-token-pin");
  for (guint i = 0; i < 2; i++)
    {
      g_free (uri);
      uri = g_strdup_printf (AES "?pin-source=%s%s", i == 0 ? "" : "file://", fixture->pin);
      settings.token = uri;
      g_clear_pointer (&by_source, va_kek_free);
      by_source = open_kek (&settings);
    }
  settings.token = AES "?pin-source=|cat /etc/pin";
  assert_not_opened (&settings, VA_KEK_ERROR_SETTINGS, "absolute path");
  settings = settings_for (fixture, AES);
  write_pin (fixture, SOFT_TOKEN_PIN, 0640);
  g_assert_null (va_kek_open (&settings, &error));
  assert_message (error, "0600");
  g_clear_error (&error);
  settings.token_pin_file = "/nowhere/pin";
  g_assert_null (va_kek_open (&settings, &error));
  assert_message (error, "/nowhere/pin");
  /* How a credential looks that systemd lets the service's user read. */
  g_assert_cmpint (chmod (fixture->pin, 0440), ==, 0);
  g_setenv ("CREDENTIALS_DIRECTORY", fixture->folder, TRUE);
  settings.token_pin_file = fixture->pin;
  credential = open_kek (&settings);
}

static void
test_wrong_pin (Fixture *fixture, gconstpointer unused)
{
  write_pin (fixture, WRONG_PIN, 0600);
  assert_uri_not_opened (fixture, AES, VA_KEK_ERROR_PIN, "rejected the PIN");
}

/* A PIN that became wrong while the service runs is tried once, and never again, whatever the file says later. */
static void
test_wrong_pin_once (Fixture *fixture, gconstpointer unused)
{
  g_autoptr(VaKek) kek = open_uri (fixture, AES), fresh = NULL;
  g_autoptr(GBytes) wrapped = wrap (kek, fixture);

  write_pin (fixture, WRONG_PIN, 0600);
  assert_unwraps (kek, &label, wrapped, fixture->data_key);
  soft_token_drop_sessions ("one");
  assert_fails (kek, &label, wrapped, VA_KEK_ERROR, VA_KEK_ERROR_PIN, "rejected the PIN");
  write_pin (fixture, SOFT_TOKEN_PIN, 0600);
  assert_fails (kek, &label, wrapped, VA_KEK_ERROR, VA_KEK_ERROR_PIN, "refused this PIN before");
  fresh = open_uri (fixture, AES);
  assert_unwraps (fresh, &label, wrapped, fixture->data_key);
}

static void
test_session_lost (Fixture *fixture, gconstpointer unused)
{
  static const char *const uris[] = { AES, RSA };

  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr(VaKek) kek = open_uri (fixture, uris[i]);
      g_autoptr(GBytes) wrapped = wrap (kek, fixture), again = NULL;

      soft_token_drop_sessions ("one");
      assert_unwraps (kek, &label, wrapped, fixture->data_key);
      soft_token_drop_sessions ("one");
      again = wrap (kek, fixture);
      assert_unwraps (kek, &label, again, fixture->data_key);
    }
}

static void
test_token_taken_out (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *elsewhere = g_build_filename (fixture->folder, "elsewhere", NULL);
  g_autoptr(VaKek) kek = open_uri (fixture, AES);
  g_autoptr(GBytes) wrapped = wrap (kek, fixture);
  g_autoptr(GError) error = NULL;

  soft_token_drop_sessions ("one");
  g_assert_cmpint (g_rename (fixture->tokens, elsewhere), ==, 0);
  g_assert_cmpint (g_mkdir (fixture->tokens, 0700), ==, 0);
  for (guint i = 0; i < 2; i++)
    assert_fails (kek, &label, wrapped, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN,
                  "cannot be opened again: the token that key-token names was not found");
  g_assert_null (va_kek_wrap (kek, &label, fixture->data_key, &error));
  g_assert_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN);
  /* In its place again, it is used again. */
  g_assert_cmpint (g_rmdir (fixture->tokens), ==, 0);
  g_assert_cmpint (g_rename (elsewhere, fixture->tokens), ==, 0);
  assert_unwraps (kek, &label, wrapped, fixture->data_key);
}

static void
test_mechanisms (Fixture *fixture, gconstpointer unused)
{
  g_autoptr(VaKek) kek = NULL;

  soft_token_configure (fixture->folder, "slots.mechanisms = CKM_AES_CBC,CKM_SHA256_RSA_PKCS\n");
  assert_uri_not_opened (fixture, AES, VA_KEK_ERROR_TOKEN, "does not support CKM_AES_GCM");
  assert_uri_not_opened (fixture, RSA, VA_KEK_ERROR_TOKEN, "does not support CKM_RSA_PKCS_OAEP");
  soft_token_configure (fixture->folder, "slots.mechanisms = CKM_AES_GCM,CKM_RSA_PKCS_OAEP\n");
  assert_uri_not_opened (fixture, RSA, VA_KEK_ERROR_TOKEN, "does not support CKM_SHA256_RSA_PKCS");
  kek = open_uri (fixture, AES);
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
  ADD ("refused-keys", test_refused_keys);
  ADD ("uris", test_uris);
  ADD ("several", test_several);
  ADD ("modules", test_modules);
  ADD ("configured-modules", test_configured_modules);
  ADD ("pin-files", test_pin_files);
  ADD ("wrong-pin", test_wrong_pin);
  ADD ("wrong-pin-once", test_wrong_pin_once);
  ADD ("session-lost", test_session_lost);
  ADD ("token-taken-out", test_token_taken_out);
  ADD ("mechanisms", test_mechanisms);
  ADD ("threads", test_threads);
  ADD ("two-at-once", test_two_at_once);
  return g_test_run ();
}
