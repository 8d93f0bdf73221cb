/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "own-machine.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void
skip (const char *reason)
{
  printf ("1..0 # SKIP %s\n", reason);
  exit (0);
}

void
own_machine_enter (void)
{
  if (geteuid () != 0)
    skip ("needs root for private mounts");
  if (unshare (CLONE_NEWNS) != 0)
    skip ("private mounts are not allowed here");
  g_assert_cmpint (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
  g_assert_cmpint (mount ("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), ==, 0);
}

void
own_machine_cover (const char *path)
{
  const char *build = g_getenv ("VA_TOP_BUILDDIR");
  g_autofree char *place = g_strdup (path);

  while (!g_file_test (place, G_FILE_TEST_IS_DIR))
    {
      char *above = g_path_get_dirname (place);

      g_free (place);
      place = above;
    }
  /* Not over what is being tested; an empty folder below the build tree harms nobody. */
  if (g_str_has_prefix (build, place))
    {
      g_free (place);
      place = g_strdup (path);
      g_assert_cmpint (g_mkdir_with_parents (place, 0755), ==, 0);
    }
  g_assert_cmpint (mount ("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
}

pid_t
own_machine_sleeper (const char *argument)
{
  return own_machine_sleeper_with (argument, NULL);
}

pid_t
own_machine_sleeper_with (const char *argument, const char *other)
{
  g_autofree char *path = NULL, *line = NULL;
  int ends[2];
  pid_t pid;

  g_assert_cmpint (pipe (ends), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      dup2 (ends[0], STDIN_FILENO);
      execl ("/bin/sh", "sh", "-c", "read line; exit", "sh", argument, other, NULL);
      _exit (127);
    }
  close (ends[0]); /* the other end stays open: read never ends */
  path = g_strdup_printf ("/proc/%d/cmdline", (int) pid);
  for (guint i = 0; i < 1000; i++)
    {
      g_clear_pointer (&line, g_free);
      g_assert_true (g_file_get_contents (path, &line, NULL, NULL));
      if (g_str_equal (line, "sh"))
        return pid;
      g_usleep (2000);
    }
  g_assert_not_reached ();
}

void
own_machine_kill (pid_t pid)
{
  kill (pid, SIGKILL);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    continue;
}

void
own_machine_write (const char *path, const char *text)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}
