/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include "core/random.h"
#include "token-fixture.h"
#include "store/error.h"

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
  return g_test_run ();
}
