/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/guid.h"
#include "core/random.h"
#include "core/number.h"
#include "core/config-file.h"

static void
test_base64 (void)
{
  static const char *const bad[] = { "A",    "AA",   "AAA",    "A===", "AAAA=", "AA=A", "AB==",
                                     "AAB=", "AA A", "AAAA\n", "====", "AA-_",  NULL };
  g_autoptr(GBytes) good = va_base64_decode ("Zm9vYg==", 4, NULL);

  g_assert_cmpmem (g_bytes_get_data (good, NULL), g_bytes_get_size (good), "foob", 4);
  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) none = va_base64_decode (bad[i], 100, &error);

      g_assert_null (none);
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
    }
  g_assert_null (va_base64_decode ("Zm9vYg==", 3, NULL));
}

static void
test_hex (void)
{
  guint8 out[2];

  g_assert_true (va_hex_decode ("00fF", out, 2, NULL));
  g_assert_cmpmem (out, 2, "\0\377", 2);
  g_assert_false (va_hex_decode ("00f", out, 2, NULL));
  g_assert_false (va_hex_decode ("00fg", out, 2, NULL));
  g_assert_false (va_hex_decode ("00ff0", out, 2, NULL));
}

static void
test_number (void)
{
  guint64 n;

  g_assert_true (va_number_parse ("0x10", 0, 16, &n, NULL));
  g_assert_cmpuint (n, ==, 16);
  for (guint i = 0; i < 8; i++)
    g_assert_false (va_number_parse ((const char *[]){ "", "0x", " 1", "1 ", "-1", "+1", "17", "1x" }[i], 0, 16, &n,
                                     NULL));
}

static void
test_guid (void)
{
  guint8 guid[16];
  g_autofree char *text = NULL;
  g_autofree char *random = va_uuid_random ();

  g_assert_true (va_guid_parse ("96b582de-1fb2-45f7-baea-a366c55a082d", guid, NULL));
  g_assert_cmpmem (guid, 4, "\xde\x82\xb5\x96", 4);
  text = va_guid_format (guid);
  g_assert_cmpstr (text, ==, "96b582de-1fb2-45f7-baea-a366c55a082d");
  g_assert_true (va_uuid_is_canonical (random));
  g_assert_false (va_uuid_is_canonical ("96B582DE-1fb2-45f7-baea-a366c55a082d"));
  g_assert_false (va_guid_parse ("96b582de-1fb2-45f7-baea-a366c55a082", guid, NULL));
  g_assert_false (va_guid_parse ("96b582de11fb2-45f7-baea-a366c55a082d", guid, NULL));
}

/* RFC 9562, section 5.7. */
/* RFC 9562, appendix A.4; and a space of our own use, as Python's uuid.uuid5() has it. */
static void
test_uuid_by_name (void)
{
  static const guint8 dns[VA_GUID_SIZE] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                            0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };
  g_autofree char *known = va_uuid_by_name (dns, "www.example.com");

  g_assert_cmpstr (known, ==, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void
test_uuid_by_time (void)
{
  gint64 before = g_get_real_time () / 1000;
  g_autofree char *first = va_uuid_by_time (), *second = NULL, *digits = NULL;
  gint64 made;

  g_usleep (2000);
  second = va_uuid_by_time ();
  for (guint i = 0; i < 2; i++)
    {
      const char *text = i == 0 ? first : second;

      g_assert_true (va_uuid_is_canonical (text));
      g_assert_cmpint (text[14], ==, '7');
      g_assert_nonnull (strchr ("89ab", text[19]));
    }
  digits = g_strdup_printf ("%.8s%.4s", first, first + 9);
  made = (gint64) g_ascii_strtoull (digits, NULL, 16);
  g_assert_cmpint (made, >=, before);
  g_assert_cmpint (made, <=, g_get_real_time () / 1000);
  g_assert_cmpstr (first, <, second);
  g_assert_cmpstr (first + 15, !=, second + 15);
}

#define NEEDLE "hunter2needle"

static gsize asked_kernel; /* bytes, in all */

/* In place of the C library's, to see what is asked for. */
ssize_t
getrandom (void *bytes, size_t size, unsigned flags)
{
  long got = syscall (SYS_getrandom, bytes, size, flags);

  asked_kernel += got > 0 ? (gsize) got : 0;
  return (ssize_t) got;
}

/* A machine that is resumed twice from one snapshot must not give out twice what it had fetched before. */
static void
test_random_is_not_fetched_ahead (void)
{
  guint8 bytes[300];

  for (gsize size = 1; size <= sizeof bytes; size++)
    {
      asked_kernel = 0;
      va_random_fill (bytes, size);
      g_assert_cmpuint (asked_kernel, ==, size);
    }
}

/* A child has none of its parent's. */
static void
test_random_after_fork (void)
{
  guint8 own[32], childs[32] = { 0 }, first[8];
  const guint8 none[32] = { 0 };
  int ends[2], status;
  pid_t child;

  va_random_fill (first, sizeof first);
  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    {
      va_random_fill (childs, sizeof childs);
      _exit (write (ends[1], childs, sizeof childs) == sizeof childs ? 0 : 1);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (read (ends[0], childs, sizeof childs), ==, sizeof childs);
  va_random_fill (own, sizeof own);
  g_assert_cmpint (memcmp (own, childs, sizeof own), !=, 0);
  g_assert_cmpint (memcmp (none, childs, sizeof none), !=, 0);
  close (ends[0]);
  close (ends[1]);
}

/* Of any size, no bytes twice. */
static void
test_random_is_not_repeated (void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize size = 16; size <= 80; size++)
    for (guint i = 0; i < 50; i++)
      {
        guint8 bytes[80];

        va_random_fill (bytes, size);
        for (gsize at = 0; at + 8 <= size; at += 8)
          g_assert_true (g_hash_table_add (seen, va_hex_encode (bytes + at, 8)));
      }
}

/* Every length, and in every place every character that there is. */
static void
test_base64_all (void)
{
  for (gsize size = 0; size <= 64; size++)
    {
      g_autofree guint8 *bytes = g_malloc (size + 1);
      guint8 out[64];

      va_random_fill (bytes, size);
      for (gsize at = 0; at < (size + 2) / 3 * 4; at++)
        for (guint c = 1; c < 256; c++)
          {
            g_autofree char *text = va_base64_encode (bytes, size);
            g_autofree char *again = NULL;
            g_autoptr(GError) error = NULL;

            text[at] = (char) c;
            /* What is taken is what the bytes are written as, and nothing else. */
            if (va_base64_decode_exact (text, out, size, &error))
              again = va_base64_encode (out, size);
            g_assert_true (error != NULL || g_str_equal (again, text));
            if (at < (size * 4 + 2) / 3 && strchr ("+/=", (int) c) == NULL && !g_ascii_isalnum ((char) c))
              {
                g_autofree char *position = g_strdup_printf ("position %" G_GSIZE_FORMAT, at + 1);

                g_assert_nonnull (error);
                g_assert_nonnull (strstr (error->message, position));
              }
          }
    }
}

static const VaConfigKey keys[] = {
  { "", "chain", VA_CONFIG_STRING },
  { "service", "url", VA_CONFIG_STRING, .required = TRUE },
  { "service", "deadline-ms", VA_CONFIG_NUMBER, "10000", FALSE, 100, 600000 },
  { "service", "pin-file", VA_CONFIG_PATH },
  { "service", "on", VA_CONFIG_BOOLEAN },
  { NULL },
};

static void
test_settings (void)
{
  g_autoptr(VaConfig) config =
    va_config_parse ("x.conf", "# c\nchain = \"lockd\" # why\n[service]\nurl=https://a/\n", keys, NULL);

  g_assert_cmpstr (va_config_string (config, "", "chain"), ==, "lockd");
  g_assert_cmpstr (va_config_string (config, "service", "url"), ==, "https://a/");
  g_assert_cmpuint (va_config_number (config, "service", "deadline-ms"), ==, 10000);
}

static void
test_settings_refuses (void)
{
  static const char *const bad[] = { "[service]\n",
                                     "[other]\n",
                                     "[service]\nurl=a\nurl=b\n",
                                     "[service]\nurl=a\nx=1\n",
                                     "[service]\nurl=\"a\n",
                                     "[service]\nurl=a\ndeadline-ms=99\n",
                                     "[service]\nurl=a\ndeadline-ms=1s\n",
                                     "url=a\n",
                                     "[service]\nurl=a\nword\n",
                                     "[service]\nurl=a\n" NEEDLE "\n",
                                     "[service]\nurl=a\n" NEEDLE "=1\n",
                                     "[service]\nurl=a\npin-file=" NEEDLE "\n",
                                     "[service]\nurl=a\non=" NEEDLE "\n",
                                     "[service]\nurl=\"" NEEDLE "\n",
                                     NULL };

  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(VaConfig) config = va_config_parse ("x.conf", bad[i], keys, &error);

      if (config != NULL)
        g_error ("taken: %s", bad[i]);
      g_assert_true (g_str_has_prefix (error->message, "x.conf"));
      g_assert_null (strstr (error->message, "hunter2"));
    }
}

static void
test_secret (void)
{
  g_autoptr(VaSecret) a = va_secret_copy_in ("abc", 3);
  g_autoptr(VaSecret) b = va_secret_copy_in ("abd", 3);

  g_assert_false (va_secret_equal (a, b));
  va_secret_truncate (a, 2);
  va_secret_truncate (b, 2);
  g_assert_true (va_secret_equal (a, b));
  g_assert_cmpint (va_secret_data (a)[2], ==, 0);
}

/* Of what this process has mapped, by a line of /proc/self/status. */
static gsize
status_kib (const char *name)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, name);
  g_assert_nonnull (line);
  return (gsize) g_ascii_strtoull (line + strlen (name), NULL, 10);
}

/* What many secrets needed is used again, empty, and not kept without end. */
static void
test_many_secrets (void)
{
  static const gsize sizes[] = { 16, 5000, 20000, 100000 };
  VaSecret *all[2000];
  gsize before = status_kib ("\nVmSize:");

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        {
          gsize size = sizes[i % G_N_ELEMENTS (sizes)];

          all[i] = va_secret_new (size);
          g_assert_cmpuint (va_secret_size (all[i]), ==, size);
          for (gsize at = 0; at < size; at++)
            if (va_secret_data (all[i])[at] != 0)
              g_error ("byte %" G_GSIZE_FORMAT " of a new secret is not zero", at);
          memset (va_secret_data (all[i]), 'x', size);
        }
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        va_secret_free (all[i]);
    }
  g_assert_cmpuint (status_kib ("\nVmSize:"), <, before + 8 * 1024);
}

static void
join_pieces (const guint8 *piece, gsize size, gpointer user_data)
{
  g_assert_cmpuint (size, >, 0);
  g_byte_array_append (user_data, piece, (guint) size);
}

static void
test_file_pieces (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("TMPDIR") != NULL ? g_getenv ("TMPDIR") : "/tmp", "pieces", NULL);
  g_autofree guint8 *data = g_malloc (200001);
  g_autoptr(GByteArray) joined = g_byte_array_new ();
  g_autoptr(GError) large = NULL, folder = NULL, none = NULL;

  for (guint i = 0; i < 200001; i++)
    data[i] = (guint8) (i * 7 % 251);
  g_assert_true (va_file_write (path, data, 200001, 0600, NULL));
  g_assert_true (va_file_read_pieces (path, 200001, join_pieces, joined, NULL));
  g_assert_cmpmem (joined->data, joined->len, data, 200001);
  g_assert_false (va_file_read_pieces (path, 200000, join_pieces, joined, &large));
  g_assert_error (large, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
  g_assert_false (va_file_read_pieces ("/", 200000, join_pieces, joined, &folder));
  g_assert_error (folder, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_assert_cmpuint (joined->len, ==, 200001);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_false (va_file_read_pieces (path, 1, join_pieces, joined, &none));
  g_assert_error (none, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/random/not-ahead", test_random_is_not_fetched_ahead);
  g_test_add_func ("/core/random/after-fork", test_random_after_fork);
  g_test_add_func ("/core/random/not-repeated", test_random_is_not_repeated);
  g_test_add_func ("/core/base64", test_base64);
  g_test_add_func ("/core/base64-all", test_base64_all);
  g_test_add_func ("/core/hex", test_hex);
  g_test_add_func ("/core/number", test_number);
  g_test_add_func ("/core/guid", test_guid);
  g_test_add_func ("/core/uuid-by-time", test_uuid_by_time);
  g_test_add_func ("/core/uuid-by-name", test_uuid_by_name);
  g_test_add_func ("/core/settings", test_settings);
  g_test_add_func ("/core/settings/refuses", test_settings_refuses);
  g_test_add_func ("/core/secret", test_secret);
  g_test_add_func ("/core/many-secrets", test_many_secrets);
  g_test_add_func ("/core/file/pieces", test_file_pieces);
  return g_test_run ();
}
