/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/discard.h"
#include "core/error.h"

/* What another user may have put into a folder, taken away and removed. */

static char *
make_run_dir (void)
{
  char *path = g_dir_make_tmp ("discard-XXXXXX", NULL);

  g_assert_nonnull (path);
  return path;
}

static void
shell (const char *folder, const char *commands)
{
  const char *arguments[] = { "sh", "-ec", commands, NULL };
  int status;

  g_assert_true (g_spawn_sync (folder, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                               NULL));
  g_assert_cmpint (status, ==, 0);
}

static int
open_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static guint
count (const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, "discarded", NULL);
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

static void
test_kinds (void)
{
  static const char *const made[] = { "touch x",
                                      "ln -s / x",
                                      "ln -s nowhere x",
                                      "mkfifo x",
                                      "mkdir x",
                                      "mkdir -p x/a/b/c",
                                      "mkdir x; ln -s / x/root; touch x/f; mkdir x/d; ln -s ../../.. x/d/up",
                                      "mkdir x; chmod 0 x",
                                      "mkdir x; for i in $(seq 900); do mkdir x/$i; touch x/$i/f; done",
                                      "for i in $(seq 400); do mkdir x; cd x; done" };
  g_autofree char *run_dir = make_run_dir (), *kept = g_build_filename (run_dir, "kept", NULL);
  int fd = open_folder (run_dir);

  shell (run_dir, "echo text >kept");
  g_assert_true (va_discard (run_dir, fd, "x", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autofree char *path = g_build_filename (run_dir, "x", NULL);
      struct stat info;

      shell (run_dir, made[i]);
      g_assert_true (va_discard (run_dir, fd, "x", NULL));
      g_assert_cmpint (lstat (path, &info), !=, 0);
      g_assert_cmpuint (count (run_dir), ==, 0);
    }
  g_assert_true (g_file_test (kept, G_FILE_TEST_IS_REGULAR));
  close (fd);
  shell (run_dir, "rm -rf ./*");
  g_assert_cmpint (g_rmdir (run_dir), ==, 0);
}

/* More than one call removes: the name is free at once, and the sweep does the rest. */
static void
test_many (void)
{
  g_autofree char *run_dir = make_run_dir ();
  int fd = open_folder (run_dir);
  guint sweeps = 0;

  shell (run_dir, "mkdir x; cd x; seq 10000 | xargs touch");
  g_assert_true (va_discard (run_dir, fd, "x", NULL));
  g_assert_cmpint (mkdirat (fd, "x", 0700), ==, 0);
  g_assert_cmpuint (count (run_dir), >, 0);
  while (count (run_dir) > 0 && sweeps++ < 10)
    va_discard_rest (run_dir);
  g_assert_cmpuint (count (run_dir), ==, 0);
  close (fd);
  shell (run_dir, "rm -rf ./*");
  g_assert_cmpint (g_rmdir (run_dir), ==, 0);
}

/* Others can write there: nothing is taken to such a place. */
static void
test_refused (void)
{
  static const char *const places[] = { "mkdir -m 0777 discarded", "ln -s / discarded", "touch discarded" };
  g_autofree char *run_dir = make_run_dir ();
  int fd = open_folder (run_dir);

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr(GError) error = NULL;

      shell (run_dir, "rm -rf discarded; touch x");
      shell (run_dir, places[i]);
      g_assert_false (va_discard (run_dir, fd, "x", &error));
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED);
    }
  close (fd);
  shell (run_dir, "rm -rf ./*");
  g_assert_cmpint (g_rmdir (run_dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/discard/kinds", test_kinds);
  g_test_add_func ("/discard/many", test_many);
  g_test_add_func ("/discard/refused", test_refused);
  return g_test_run ();
}
