/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "fuzz.h"

/* Stands in for libFuzzer: one test for each seed of the target's folder, as it is, cut, and with bytes changed. The
   target's name comes from the program's. */

#define MAX_POSITIONS 1500 /* bytes that are changed and places that are cut, spread over the seed */

static void
feed (const guint8 *data, gsize size)
{
  g_autofree guint8 *exact = g_malloc (MAX (size, 1)); /* so that AddressSanitizer sees its end */

  if (size > 0)
    memcpy (exact, data, size);
  LLVMFuzzerTestOneInput (size > 0 ? exact : NULL, size);
}

static void
feed_variants (guint8 *data, gsize size)
{
  static const guint8 values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
  gsize step = MAX (1, size / MAX_POSITIONS);

  for (gsize at = 0; at < size; at += step)
    {
      guint8 kept = data[at];

      feed (data, at);
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        {
          data[at] = kept ^ values[i];
          feed (data, size);
        }
      data[at] = values[at % G_N_ELEMENTS (values)];
      feed (data, size);
      data[at] = kept;
    }
}

static void
test_seed (gconstpointer user_data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *contents = NULL;
  g_autofree char *larger = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (user_data, &contents, &size, &error));
  feed ((guint8 *) contents, size);
  feed_variants ((guint8 *) contents, size);
  larger = g_malloc0 (size + 1);
  memcpy (larger, contents, size);
  feed ((guint8 *) larger, size + 1);
}

static char *
corpus_folder (const char *program)
{
  g_autofree char *name = g_path_get_basename (program);
  const char *target = strstr (name, "fuzz-"), *top = g_getenv ("VA_TOP_SRCDIR");

  if (target == NULL || top == NULL)
    g_error ("run this from make check, or set VA_TOP_SRCDIR to the source folder");
  return g_build_filename (top, "tests", "fuzz", "corpus", target + strlen ("fuzz-"), NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = NULL;
  g_autoptr(GDir) dir = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  folder = corpus_folder (argv[0]);
  dir = g_dir_open (folder, 0, &error);
  if (dir == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strconcat ("/fuzz/", name, NULL);

      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
      g_test_add_data_func (path, g_ptr_array_index (paths, paths->len - 1), test_seed);
    }
  if (paths->len == 0)
    g_error ("%s has no seeds", folder);
  return g_test_run ();
}
