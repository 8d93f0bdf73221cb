/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/random.h"
#include "kek-checks.h"
#include "kek/seal.h"
#include "store/error.h"
#include "kek/kek.h"

static const VaSealLabel label = { "data_keys", "1", "data key" };
static const VaSealLabel other_label = { "data_keys", "2", "data key" };

typedef struct {
  char *folder, *path;
  VaSecret *data_key;
} Fixture;

static void
write_file (const char *path, gconstpointer data, gsize size, int mode)
{
  g_assert_true (g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT, mode, NULL));
  g_assert_cmpint (chmod (path, (mode_t) mode), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  guint8 bytes[VA_SEAL_KEY_SIZE];

  fixture->folder = g_dir_make_tmp ("kek-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->path = g_build_filename (fixture->folder, "kek", NULL);
  va_random_fill (bytes, sizeof bytes);
  write_file (fixture->path, bytes, sizeof bytes, 0600);
  fixture->data_key = va_secret_new (VA_SEAL_KEY_SIZE);
  va_random_fill (va_secret_data (fixture->data_key), VA_SEAL_KEY_SIZE);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  g_remove (fixture->path);
  g_rmdir (fixture->folder);
  va_secret_free (fixture->data_key);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static void
assert_not_opened (const VaKekSettings *settings, GQuark domain, int code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaKek) kek = va_kek_open (settings, &error);

  g_assert_null (kek);
  g_assert_error (error, domain, code);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” is not in: %s", words, error->message);
}

static void
assert_refused (VaKek *kek, const VaSealLabel *place, GBytes *wrapped, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) key = va_kek_unwrap (kek, place, wrapped, &error);

  g_assert_null (key);
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” is not in: %s", words, error->message);
}

static void
test_one_source (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings bad[] = {
    { NULL },
    { .file = fixture->path, .credential = "kek" },
    { .file = fixture->path, .token = "pkcs11:token=a" },
    { .credential = "kek", .token = "pkcs11:token=a" },
    { .file = fixture->path, .token_pin_file = fixture->path },
    { .credential = "kek", .token_module = "/usr/lib/x.so" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_not_opened (&bad[i], VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS, i < 4 ? "one place" : "not in a token");
}

/* A store made before there was any other kind of KEK has its data key in this very form. */
static void
test_file (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings settings = { .file = fixture->path };
  g_autoptr(VaKek) kek = open_kek (&settings);
  g_autofree char *bytes = NULL, *name = g_strdup_printf ("file %s", fixture->path);
  g_autoptr(VaSecret) key = NULL, opened = NULL;
  g_autoptr(VaSeal) seal = NULL;
  g_autoptr(GBytes) wrapped = va_kek_wrap (kek, &label, fixture->data_key, NULL), sealed = NULL;

  g_assert_cmpstr (va_kek_name (kek), ==, name);
  assert_unwraps (kek, &label, wrapped, fixture->data_key);
  assert_refused (kek, &other_label, wrapped, name);
  g_assert_true (g_file_get_contents (fixture->path, &bytes, NULL, NULL));
  key = va_secret_copy_in (bytes, VA_SEAL_KEY_SIZE);
  seal = va_seal_new (key, NULL);
  opened = va_seal_open (seal, &label, wrapped, NULL);
  g_assert_true (va_secret_equal (opened, fixture->data_key));
  sealed = va_seal_close (seal, &label, fixture->data_key);
  assert_unwraps (kek, &label, sealed, fixture->data_key);
}

static void
test_other_file (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings settings = { .file = fixture->path };
  g_autoptr(VaKek) one = open_kek (&settings), two = NULL;
  g_autoptr(GBytes) wrapped = va_kek_wrap (one, &label, fixture->data_key, NULL);
  guint8 bytes[VA_SEAL_KEY_SIZE] = { 1 };

  write_file (fixture->path, bytes, sizeof bytes, 0600);
  two = open_kek (&settings);
  assert_refused (two, &label, wrapped, "is not the key");
}

static void
test_bad_files (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings settings = { .file = fixture->path };
  guint8 bytes[VA_SEAL_KEY_SIZE + 1] = { 1 };

  write_file (fixture->path, bytes, VA_SEAL_KEY_SIZE, 0640);
  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, "0600");
  write_file (fixture->path, bytes, VA_SEAL_KEY_SIZE - 1, 0600);
  assert_not_opened (&settings, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, "31 bytes instead of 32");
  write_file (fixture->path, bytes, VA_SEAL_KEY_SIZE + 1, 0600);
  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, fixture->path);
  g_remove (fixture->path);
  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, fixture->path);
}

/* The same 32 bytes as file and as credential are the same key. */
static void
test_credential (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings file = { .file = fixture->path }, credential = { .credential = "kek" };
  g_autoptr(VaKek) one = open_kek (&file), two = NULL, three = NULL;
  g_autoptr(GBytes) wrapped = va_kek_wrap (one, &label, fixture->data_key, NULL);

  g_setenv ("CREDENTIALS_DIRECTORY", fixture->folder, TRUE);
  two = open_kek (&credential);
  g_assert_cmpstr (va_kek_name (two), ==, "credential kek");
  assert_unwraps (two, &label, wrapped, fixture->data_key);
  /* How it looks when systemd lets the service's user in by an access control list. */
  g_assert_cmpint (chmod (fixture->path, 0440), ==, 0);
  three = open_kek (&credential);
  assert_unwraps (three, &label, wrapped, fixture->data_key);
}

static void
test_bad_credentials (Fixture *fixture, gconstpointer unused)
{
  static const char *const names[] = { "../kek", "a/kek", "/kek", "", ".", ".." };
  VaKekSettings settings = { .credential = "kek" };
  g_autofree char *link = g_build_filename (fixture->folder, "link", NULL);

  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, "LoadCredential");
  g_setenv ("CREDENTIALS_DIRECTORY", "relative", TRUE);
  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, "LoadCredential");
  g_setenv ("CREDENTIALS_DIRECTORY", fixture->folder, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      settings.credential = names[i];
      assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "not a credential's name");
    }
  settings.credential = "absent";
  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, "absent");
  g_assert_cmpint (symlink (fixture->path, link), ==, 0);
  settings.credential = "link";
  assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "link");
  g_remove (link);
  settings.credential = "kek";
  for (guint bit = 1; bit <= 020; bit <<= 1)
    {
      g_assert_cmpint (chmod (fixture->path, 0400 | bit), ==, 0);
      assert_not_opened (&settings, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, "must not be accessible to others");
    }
}

static void
test_other_kind (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings settings = { .file = fixture->path };
  g_autoptr(VaKek) kek = open_kek (&settings);
  g_autoptr(GBytes) nothing = g_bytes_new (NULL, 0), aes = g_bytes_new ("\2abc", 4), rsa = g_bytes_new ("\3abc", 4),
                    later = g_bytes_new ("\4abc", 4), cut = g_bytes_new ("\1abc", 4);

  assert_refused (kek, &label, aes, "an AES key in a PKCS#11 token (“key-token” in [store])");
  assert_refused (kek, &label, rsa, "an RSA key in a PKCS#11 token (“key-token” in [store])");
  assert_refused (kek, &label, later, "later version (kind 4)");
  assert_refused (kek, &label, nothing, "not a wrapped key");
  assert_refused (kek, &label, cut, "is not the key");
}

/* Sealed rightly, but no data key. */
static void
test_other_size (Fixture *fixture, gconstpointer unused)
{
  const VaKekSettings settings = { .file = fixture->path };
  g_autoptr(VaKek) kek = open_kek (&settings);
  g_autofree char *bytes = NULL;
  g_autoptr(VaSecret) key = NULL, value = va_secret_new (31);
  g_autoptr(VaSeal) seal = NULL;
  g_autoptr(GBytes) sealed = NULL;

  g_assert_true (g_file_get_contents (fixture->path, &bytes, NULL, NULL));
  key = va_secret_copy_in (bytes, VA_SEAL_KEY_SIZE);
  seal = va_seal_new (key, NULL);
  sealed = va_seal_close (seal, &label, value);
  assert_refused (kek, &label, sealed, "31 bytes instead of 32");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/kek/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("one-source", test_one_source);
  ADD ("file", test_file);
  ADD ("other-file", test_other_file);
  ADD ("bad-files", test_bad_files);
  ADD ("credential", test_credential);
  ADD ("bad-credentials", test_bad_credentials);
  ADD ("other-kind", test_other_kind);
  ADD ("other-size", test_other_size);
  return g_test_run ();
}
