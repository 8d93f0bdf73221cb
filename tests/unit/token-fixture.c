/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include "core/random.h"
#include "token-fixture.h"

const VaSealLabel label = { "data_keys", "1", "data key" };

void
write_pin (Fixture *fixture, const char *text, int mode)
{
  g_assert_true (g_file_set_contents_full (fixture->pin, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, NULL));
  g_assert_cmpint (chmod (fixture->pin, (mode_t) mode), ==, 0);
}

void
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

void
tear_down (Fixture *fixture, gconstpointer unused)
{
  remove_tree (fixture->folder);
  va_secret_free (fixture->data_key);
  g_free (fixture->folder);
  g_free (fixture->tokens);
  g_free (fixture->pin);
}

VaKekSettings
settings_for (const Fixture *fixture, const char *uri)
{
  return (VaKekSettings){ .token = uri, .token_pin_file = fixture->pin, .token_module = soft_token_module () };
}

VaKek *
open_uri (const Fixture *fixture, const char *uri)
{
  const VaKekSettings settings = settings_for (fixture, uri);

  return open_kek (&settings);
}

void
assert_message (const GError *error, const char *words)
{
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” is not in: %s", words, error->message);
  /* No message ever shows a PIN. */
  g_assert_null (strstr (error->message, SOFT_TOKEN_PIN));
  g_assert_null (strstr (error->message, WRONG_PIN));
}

void
assert_fails (VaKek *kek, const VaSealLabel *place, GBytes *wrapped, GQuark domain, int code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) key = va_kek_unwrap (kek, place, wrapped, &error);

  g_assert_null (key);
  g_assert_error (error, domain, code);
  assert_message (error, words);
}

GBytes *
wrap (VaKek *kek, const Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  GBytes *wrapped = va_kek_wrap (kek, &label, fixture->data_key, &error);

  g_assert_no_error (error);
  return wrapped;
}

static gboolean
is_in (const guint8 *bytes, gsize size, GBytes *in)
{
  return memmem (g_bytes_get_data (in, NULL), g_bytes_get_size (in), bytes, size) != NULL;
}

void
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
