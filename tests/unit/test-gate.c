/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/process.h"
#include "gate-fixture.h"
#include "peer.h"

static void
test_interface (void)
{
  g_assert_cmpuint (gate->version, ==, 1000000);
  g_assert_cmpuint (gate->flags, ==, 0);
  g_assert_cmpint (gate->init (2000000, CONFIG, 0), ==, -1);
  assert_reported ("a different lock driver interface");
  g_assert_cmpint (gate->init (0, CONFIG, 0), ==, -1);
  assert_reported ("a different lock driver interface");
  g_assert_cmpint (gate->deinit (), ==, 0);
  g_assert_cmpint (gate->init (1000001, CONFIG, 0), ==, 0);
  g_assert_cmpint (gate->init (1000000, CONFIG, 0), ==, 0);
  end ();
  end ();
  g_assert_cmpint (gate->init (1000000, NULL, 0), ==, 0);
  end ();
}

static void
test_settings (void)
{
  static const struct {
    const char *text, *words;
  } bad[] = {
    { "deadline = 3\n", "unknown key" },
    { "deadline-ms = 99\n", "deadline-ms" },
    { "deadline-ms = 60001\n", "deadline-ms" },
    { "deadline-ms = ten\n", "deadline-ms" },
    { "[gate]\n", "unknown section" },
    { "chain = \"virt-attest\"\n", "not a lock driver to chain to" },
    { "chain = \"../lockd\"\n", "not a lock driver to chain to" },
    { "chain = \"LOCKD\"\n", "not a lock driver to chain to" },
    { "chain = \"absent\"\n", "cannot load the chained lock driver" },
    { "chain = \"empty\"\n", "cannot load the chained lock driver" },
    { "chain = \"foreign\"\n", "a different lock driver interface" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      unlink (VA_RUNDIR "/gate");
      g_assert_cmpint (begin (bad[i].text), ==, -1);
      g_assert_nonnull (strstr (reported->str, CONFIG));
      assert_reported (bad[i].words);
      /* No mark: the hook must not believe that this process has a gate. */
      g_assert_false (g_file_test (VA_RUNDIR "/gate", G_FILE_TEST_EXISTS));
    }
  begin_well ("# nothing set\n");
  end ();
}

static void
test_mark (void)
{
  g_autofree char *mark = NULL, *expected = NULL;
  struct stat info;
  guint64 start;
  mode_t umask_before = umask (077);

  g_assert_cmpint (g_rename (VA_RUNDIR, "/run/elsewhere"), ==, 0);
  g_assert_cmpint (begin (""), ==, 0);
  end ();
  umask (umask_before);
  g_assert_cmpint (stat (VA_RUNDIR, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0711);
  g_assert_cmpint (stat (VA_RUNDIR "/gate", &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0644);
  g_assert_true (va_process_start_time (getpid (), &start, NULL));
  expected = g_strdup_printf ("%d %" G_GUINT64_FORMAT "\n", (int) getpid (), start);
  g_assert_true (g_file_get_contents (VA_RUNDIR "/gate", &mark, NULL, NULL));
  g_assert_cmpstr (mark, ==, expected);
}

/* libvirtd starts all the same, with nothing in its way but a missing mark, which the hook looks for. */
static void
begin_without_mark (void)
{
  unlink ("/run/real/gate");
  unlink (VA_RUNDIR "/gate");
  g_assert_cmpint (begin (""), ==, 0);
  g_assert_cmpuint (reported->len, ==, 0);
  g_assert_false (g_file_test (VA_RUNDIR "/gate", G_FILE_TEST_EXISTS));
  end ();
}

static void
test_starts_without_mark (void)
{
  g_assert_cmpint (chmod (VA_RUNDIR, 0777), ==, 0);
  begin_without_mark ();
  g_assert_cmpint (chmod (VA_RUNDIR, 0711), ==, 0);
  g_assert_cmpint (chown (VA_RUNDIR, 1, 1), ==, 0);
  begin_without_mark ();
  g_assert_cmpint (chown (VA_RUNDIR, 0, 0), ==, 0);
  g_assert_cmpint (g_rename (VA_RUNDIR, "/run/real"), ==, 0);
  g_assert_cmpint (symlink ("/run/real", VA_RUNDIR), ==, 0);
  begin_without_mark ();
  g_assert_cmpint (unlink (VA_RUNDIR), ==, 0);
  own_machine_write (VA_RUNDIR, "a file");
  begin_without_mark ();
  g_assert_cmpint (unlink (VA_RUNDIR), ==, 0);
  /* Full: no room for one more file. */
  g_assert_cmpint (g_mkdir (VA_RUNDIR, 0711), ==, 0);
  g_assert_cmpint (mount ("tmpfs", VA_RUNDIR, "tmpfs", 0, "mode=0711,nr_inodes=1"), ==, 0);
  begin_without_mark ();
  g_assert_cmpint (umount (VA_RUNDIR), ==, 0);
  g_assert_cmpint (g_rmdir (VA_RUNDIR), ==, 0);
  g_assert_cmpint (g_rename ("/run/real", VA_RUNDIR), ==, 0);
}

static void
test_parameters (void)
{
  LockParam params[] = { { LOCK_PARAM_STRING, NULL, { .str = NULL } },
                         { LOCK_PARAM_STRING, "uuid", { .str = NULL } },
                         { LOCK_PARAM_STRING, "pid", { .str = NULL } } };
  LockParam uuid = { LOCK_PARAM_UUID, "uuid", { .uuid = { 1 } } };
  LockManager manager = { gate, &manager };
  char *state = (char *) "x";
  int fd = 5;

  begin_well ("");
  g_assert_cmpint (gate->new_manager (NULL, 0, 1, &uuid, 0), ==, -1);
  g_assert_cmpint (gate->new_manager (&manager, 0, 0, NULL, 0), ==, -1);
  g_assert_null (manager.private_data);
  assert_reported ("did not name the domain");
  g_assert_cmpint (gate->new_manager (&manager, 0, 3, NULL, 0), ==, -1);
  g_assert_cmpint (gate->new_manager (&manager, 0, 3, params, 0), ==, -1);
  g_assert_cmpint (gate->new_manager (&manager, 1, 1, &uuid, 0), ==, -1);
  g_string_truncate (reported, 0);
  g_assert_cmpint (gate->acquire (NULL, NULL, 0, 0, NULL), ==, -1);
  g_assert_cmpint (gate->acquire (&manager, NULL, 0, 0, &fd), ==, -1);
  assert_reported ("did not name the domain");
  g_assert_cmpint (gate->acquire (&manager, NULL, LOCK_ACQUIRE_REGISTER_ONLY, 0, &fd), ==, -1);
  g_assert_cmpint (gate->release (NULL, &state, 0), ==, -1);
  g_assert_null (state);
  g_assert_cmpint (gate->inquire (NULL, NULL, 0), ==, -1);
  g_assert_cmpint (gate->add_resource (&manager, 0, "disk", 0, NULL, 0), ==, -1);
  gate->free_manager (&manager);
  gate->free_manager (NULL);
  end ();
}

static void
test_other_calls_pass (void)
{
  LockManager manager;
  char *state = (char *) "x";
  pid_t qemu = own_machine_sleeper (MONITOR);
  int fd = 5;

  begin_well ("");
  own_machine_write (MARKER, "garbage\n");
  open_manager (&manager, qemu, 1);
  g_assert_cmpint (gate->add_resource (&manager, 0, "/disk", 0, NULL, 0), ==, 0);
  g_assert_cmpint (gate->acquire (&manager, NULL, LOCK_ACQUIRE_REGISTER_ONLY | LOCK_ACQUIRE_RESTRICT, 0, &fd), ==, 0);
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpint (gate->acquire (&manager, NULL, LOCK_ACQUIRE_RESTRICT, 0, NULL), ==, -1);
  g_assert_cmpint (gate->release (&manager, &state, 0), ==, 0);
  g_assert_null (state);
  g_assert_cmpint (gate->release (&manager, NULL, 0), ==, 0);
  g_assert_cmpint (gate->inquire (&manager, &state, 0), ==, 0);
  gate->free_manager (&manager);
  end ();
  own_machine_kill (qemu);
}

static void
test_chain (void)
{
  pid_t qemu = own_machine_sleeper ("");
  LockManager manager;
  char *state = NULL;
  int fd = 5;

  memset (chained, 0, sizeof *chained);
  begin_well ("chain = \"recorder\"\n");
  g_assert_cmpuint (gate->flags, ==, 1);
  open_manager (&manager, qemu, 1);
  g_assert_cmpint (gate->add_resource (&manager, 1, "/disk", 0, NULL, 2), ==, 0);
  g_assert_cmpint (gate->acquire (&manager, "old", 3, 1, &fd), ==, 0);
  g_assert_cmpint (gate->acquire (&manager, NULL, 0, 2, &fd), ==, 0);
  g_assert_cmpint (fd, ==, 77);
  g_assert_cmpint (gate->inquire (&manager, &state, 0), ==, 0);
  g_assert_null (state);
  g_assert_cmpint (gate->release (&manager, &state, 0), ==, 0);
  g_assert_cmpstr (state, ==, "leases");
  free (state);
  gate->free_manager (&manager);
  end ();
  g_assert_cmpstr (chained->log, ==,
                   "init 1000000 /run/libvirt-conf/qemu-recorder.conf 0;new 0 5 uuid 1;add mine 1 /disk 0 2;"
                   "acquire mine old 3 1;acquire mine - 0 2;inquire mine 0;release mine 0;free mine;deinit;");
  g_assert_cmpint (chained->live, ==, 0);
  g_assert_cmpuint (gate->flags, ==, 0);
  own_machine_kill (qemu);
}

static void
test_chain_refuses (void)
{
  pid_t qemu = own_machine_sleeper (MONITOR);
  g_autofree char *good = attested (qemu, 0);
  LockParam uuid = { LOCK_PARAM_UUID, "uuid", { .uuid = { 1 } } };
  LockManager manager = { gate, NULL };

  memset (chained, 0, sizeof *chained);
  chained->refuse_init = 1;
  g_assert_cmpint (begin ("chain = \"recorder\"\nchain-config = \"/x/y.conf\"\n"), ==, -1);
  assert_reported ("did not start");
  g_assert_nonnull (strstr (chained->log, "init 1000000 /x/y.conf 0;"));
  memset (chained, 0, sizeof *chained);
  begin_well ("chain = \"recorder\"\n");
  own_machine_write (MARKER, good);
  chained->refuse_acquire = 1;
  g_assert_cmpint (acquire (qemu), ==, -1);
  chained->refuse_new = 1;
  g_assert_cmpint (gate->new_manager (&manager, 0, 1, &uuid, 0), ==, -1);
  g_assert_null (manager.private_data);
  /* The gate's own no comes first: the other driver never hears of it. */
  memset (chained, 0, sizeof *chained);
  own_machine_write (MARKER, "garbage\n");
  g_assert_cmpint (acquire (qemu), ==, -1);
  g_assert_null (strstr (chained->log, "acquire"));
  g_assert_cmpint (chained->live, ==, 0);
  end ();
  own_machine_kill (qemu);
}

static void
test_cost (void)
{
  pid_t qemu = own_machine_sleeper ("");
  gint64 began, spent;

  begin_well ("");
  began = g_get_monotonic_time ();
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpint (acquire (qemu), ==, 0);
  spent = g_get_monotonic_time () - began;
  g_test_message ("gate for a domain that is not ours: %.3f ms", (double) spent / 1000 / 1000);
  g_assert_cmpint (spent, <, 1000 * 20000);
  end ();
  own_machine_kill (qemu);
}

static void
assert_daemon (pid_t pid, const char *expected)
{
  g_autofree char *name = va_process_daemon_name (pid);

  g_assert_cmpstr (name, ==, expected);
}

/* A name that a sentence can have: of the process, or of the one whose pid file is there. */
static void
test_daemon_name (void)
{
  const char *both = "the libvirt daemon (libvirtd or virtqemud)";
  g_autofree char *self = g_strdup_printf ("%d\n", (int) getpid ());
  char before[16];

  g_assert_cmpint (prctl (PR_GET_NAME, before), ==, 0);
  assert_daemon (getpid (), both);
  assert_daemon (0, both);
  own_machine_write ("/run/libvirtd.pid", "1\n");
  own_machine_write ("/run/virtqemud.pid", "nonsense");
  assert_daemon (0, both);
  g_assert_cmpint (prctl (PR_SET_NAME, "virtqemud"), ==, 0);
  assert_daemon (getpid (), "virtqemud");
  own_machine_write ("/run/virtqemud.pid", self);
  assert_daemon (0, "virtqemud");
  g_assert_cmpint (prctl (PR_SET_NAME, "libvirtd"), ==, 0);
  assert_daemon (0, both);
  own_machine_write ("/run/libvirtd.pid", self);
  assert_daemon (0, "libvirtd");
  g_assert_cmpint (prctl (PR_SET_NAME, before), ==, 0);
}

int
main (int argc, char **argv)
{
  begin_tests (&argc, &argv);
  g_test_add_func ("/gate/interface", test_interface);
  g_test_add_func ("/gate/settings", test_settings);
  g_test_add_func ("/gate/mark", test_mark);
  g_test_add_func ("/gate/starts-without-mark", test_starts_without_mark);
  g_test_add_func ("/gate/parameters", test_parameters);
  g_test_add_func ("/gate/other-calls-pass", test_other_calls_pass);
  g_test_add_func ("/gate/chain", test_chain);
  g_test_add_func ("/gate/chain-refuses", test_chain_refuses);
  g_test_add_func ("/gate/cost", test_cost);
  g_test_add_func ("/gate/daemon-name", test_daemon_name);
  return g_test_run ();
}
