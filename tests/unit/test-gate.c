/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the very virt-attest.so that is installed, and plays libvirtd and the agent around it. */
#include "config.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/process.h"
#include "lock-driver.h"
#include "own-machine.h"
#include "peer.h"
#include "recorder.h"

#define DRIVERS "/run/drivers"
#define CONFIG "/run/libvirt-conf/qemu-virt-attest.conf"
#define UUID "00112233-4455-6677-8899-aabbccddeeff"
#define MARKER VA_RUNDIR "/domains/" UUID
#define SOCKET VA_RUNDIR "/gate.sock"
#define MONITOR "socket,path=" VA_RUNDIR "/qmp/libvirt-" UUID "/monitor.sock,server=on"
#define OLDER "socket,path=" VA_RUNDIR "/qmp/" UUID "/monitor.sock,server=on"

static LockDriver *gate;
static Recorder *recorder;
static GString *reported;

/* libvirt's own, as the gate finds it. */
void virReportErrorHelper (int domain, int code, const char *file, const char *function, size_t line,
                           const char *format, ...) G_GNUC_PRINTF (6, 7);
void
virReportErrorHelper (int domain, int code, const char *file, const char *function, size_t line, const char *format,
                      ...)
{
  va_list arguments;

  g_assert_cmpint (domain, ==, 10);
  g_assert_cmpint (code, ==, 29);
  g_assert_nonnull (file);
  g_assert_nonnull (function);
  va_start (arguments, format);
  g_string_append_vprintf (reported, format, arguments);
  va_end (arguments);
}

static void
assert_reported (const char *words)
{
  g_assert_true (g_str_has_prefix (reported->str, "virt-attest: "));
  g_assert_nonnull (strstr (reported->str, words));
  g_string_truncate (reported, 0);
}

/* Starts the gate with @settings; what init said. */
static int
begin (const char *settings)
{
  g_string_truncate (reported, 0);
  own_machine_write (CONFIG, settings);
  return gate->init (LOCK_DRIVER_VERSION, CONFIG, 0);
}

static void
begin_well (const char *settings)
{
  g_assert_cmpint (begin (settings), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (VA_RUNDIR "/domains", 0700), ==, 0);
  unlink (MARKER);
}

static void
end (void)
{
  g_assert_cmpint (gate->deinit (), ==, 0);
}

static void
open_manager (LockManager *manager, pid_t pid, unsigned int flags)
{
  LockParam params[] = {
    { LOCK_PARAM_UUID,
      "uuid",
      { .uuid = { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } } },
    { LOCK_PARAM_CSTRING, "name", { .cstr = "guest" } },
    { LOCK_PARAM_UINT, "id", { .ui = 1 } },
    { LOCK_PARAM_UINT, "pid", { .ui = (unsigned int) pid } },
    { LOCK_PARAM_CSTRING, "uri", { .cstr = NULL } },
  };

  memset (manager, 0, sizeof *manager);
  manager->driver = gate;
  g_assert_cmpint (gate->new_manager (manager, LOCK_OBJECT_DOMAIN, G_N_ELEMENTS (params), params, flags), ==, 0);
}

/* What the gate says of process @pid. */
static int
acquire (pid_t pid)
{
  LockManager manager;
  int result, fd = 5;

  open_manager (&manager, pid, 0);
  result = gate->acquire (&manager, NULL, 0, 0, &fd);
  gate->free_manager (&manager);
  g_assert_null (manager.private_data);
  return result;
}

static char *
attested (pid_t pid, gint64 start_offset)
{
  guint64 start;

  g_assert_true (va_process_start_time (pid, &start, NULL));
  return g_strdup_printf ("attested %d %" G_GUINT64_FORMAT "\n", (int) pid, start + (guint64) start_offset);
}

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

/* Whatever lies in our folder, whoever may write there: it is no business of a domain without our monitor. */
static void
test_foreign (void)
{
  static const char *const stale[] = { "pending\n", "attested 1 1\n", "garbage\n", "", "\xff\n" };
  pid_t plain = own_machine_sleeper (""), restored = own_machine_sleeper_with ("-incoming", "defer");
  g_autofree char *long_one = g_strnfill (4096, 'a');

  begin_well ("");
  for (guint i = 0; i < G_N_ELEMENTS (stale); i++)
    {
      own_machine_write (MARKER, stale[i]);
      g_assert_cmpint (acquire (plain), ==, 0);
      g_assert_cmpint (acquire (restored), ==, 0);
    }
  own_machine_write (MARKER, long_one);
  g_assert_cmpint (acquire (plain), ==, 0);
  g_assert_cmpint (unlink (MARKER), ==, 0);
  g_assert_cmpint (g_mkdir (MARKER, 0700), ==, 0);
  g_assert_cmpint (acquire (plain), ==, 0);
  g_assert_cmpint (g_rmdir (MARKER), ==, 0);
  own_machine_write (MARKER, "pending\n");
  for (guint mode = 0770; mode <= 0777; mode += 7)
    {
      g_assert_cmpint (chmod (VA_RUNDIR "/domains", mode), ==, 0);
      g_assert_cmpint (chmod (VA_RUNDIR, mode), ==, 0);
      g_assert_cmpint (acquire (plain), ==, 0);
    }
  g_assert_cmpint (chmod (VA_RUNDIR "/domains", 0700), ==, 0);
  g_assert_cmpint (chmod (VA_RUNDIR, 0711), ==, 0);
  g_assert_cmpint (g_rename (VA_RUNDIR, "/run/real"), ==, 0);
  g_assert_cmpint (acquire (plain), ==, 0);
  g_assert_cmpint (g_rename ("/run/real", VA_RUNDIR), ==, 0);
  g_assert_cmpuint (reported->len, ==, 0);
  end ();
  own_machine_kill (plain);
  own_machine_kill (restored);
}

/* A QEMU that replaces its memory after the measuring, in every spelling that QEMU takes. */
static void
test_restored (void)
{
  static const char *const options[] = { "-incoming", "--incoming", "-loadvm", "--loadvm" };
  g_autoptr(Peer) peer = peer_new (SOCKET, PEER_ANSWERS, "yes\n", 4);

  begin_well ("");
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      pid_t qemu = own_machine_sleeper_with (MONITOR, options[i]);
      g_autofree char *good = attested (qemu, 0);

      own_machine_write (MARKER, "pending\n");
      g_assert_cmpint (acquire (qemu), ==, -1);
      assert_reported ("cannot be restored");
      g_assert_cmpint (unlink (MARKER), ==, 0);
      g_assert_cmpint (acquire (qemu), ==, -1);
      assert_reported ("cannot be restored");
      /* One that was attested before there was this rule goes on. */
      own_machine_write (MARKER, good);
      g_assert_cmpint (acquire (qemu), ==, 0);
      own_machine_kill (qemu);
    }
  g_assert_cmpuint (peer_count (peer), ==, 0);
  end ();
}

static void
test_unmarked (void)
{
  pid_t plain =
    own_machine_sleeper ("socket,path=" VA_RUNDIR "/qmp/libvirt-00112233-4455-6677-8899-aabbccddee00/monitor.sock");
  pid_t prepared = own_machine_sleeper (MONITOR), before = own_machine_sleeper (OLDER);
  pid_t gone = own_machine_sleeper ("");

  own_machine_kill (gone);
  begin_well ("");
  g_assert_cmpint (acquire (plain), ==, 0);
  g_assert_cmpuint (reported->len, ==, 0);
  g_assert_cmpint (acquire (prepared), ==, -1);
  assert_reported ("no launch was started");
  g_assert_cmpint (acquire (before), ==, -1);
  assert_reported ("libvirtd has been restarted since");
  g_assert_cmpint (acquire (gone), ==, -1);
  assert_reported ("has ended");
  g_assert_cmpint (acquire (0), ==, -1);
  assert_reported ("did not name");
  g_assert_cmpint (acquire (-1), ==, -1);
  assert_reported ("did not name");
  g_assert_cmpint (g_rmdir (VA_RUNDIR "/domains"), ==, 0);
  g_assert_cmpint (acquire (plain), ==, 0);
  g_assert_cmpint (acquire (prepared), ==, -1);
  end ();
  own_machine_kill (plain);
  own_machine_kill (prepared);
  own_machine_kill (before);
}

static void
test_attested (void)
{
  pid_t qemu = own_machine_sleeper (MONITOR), other = own_machine_sleeper (MONITOR);
  g_autofree char *good = attested (qemu, 0), *late = attested (qemu, 1), *foreign = attested (other, 0);
  g_autofree char *unended = g_strndup (good, strlen (good) - 1), *twice = g_strconcat (good, good, NULL);
  const char *bad[] = { late,        foreign,      unended,          twice,   "",      "\n", "pending", "pending\n\n",
                        "Pending\n", "attested\n", "attested 0 0\n", "yes\n", "\xff\n" };

  begin_well ("");
  own_machine_write (MARKER, good);
  g_assert_cmpint (acquire (qemu), ==, 0);
  g_assert_cmpuint (reported->len, ==, 0);
  g_assert_cmpint (acquire (other), ==, -1);
  assert_reported ("not the one that was attested");
  g_assert_cmpint (acquire (0), ==, -1);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_string_truncate (reported, 0);
      own_machine_write (MARKER, bad[i]);
      g_assert_cmpint (acquire (qemu), ==, -1);
      g_assert_cmpuint (reported->len, >, 0);
    }
  own_machine_write (MARKER, good);
  own_machine_kill (qemu);
  g_assert_cmpint (acquire (qemu), ==, -1);
  own_machine_kill (other);
  end ();
}

static void
test_marker_refused (void)
{
  pid_t qemu = own_machine_sleeper (MONITOR);
  g_autofree char *good = attested (qemu, 0), *long_one = g_strnfill (4096, 'a');

  begin_well ("");
  own_machine_write (MARKER, good);
  g_assert_cmpint (chmod (VA_RUNDIR "/domains", 0777), ==, 0);
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("cannot tell whether this domain is attested");
  g_assert_cmpint (chmod (VA_RUNDIR "/domains", 0700), ==, 0);
  g_assert_cmpint (chown (VA_RUNDIR "/domains", 1, 1), ==, 0);
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("must belong to root");
  g_assert_cmpint (chown (VA_RUNDIR "/domains", 0, 0), ==, 0);
  own_machine_write (MARKER, long_one);
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("cannot tell");
  g_assert_cmpint (unlink (MARKER), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (MARKER, 0700), ==, 0);
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("not a regular file");
  g_assert_cmpint (g_rmdir (MARKER), ==, 0);
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("no launch was started");
  end ();
  own_machine_kill (qemu);
}

/* What the gate says of a pending domain when the agent answers so. */
static int
ask (pid_t qemu, PeerManner manner, const char *answer, gsize size)
{
  g_autoptr(Peer) peer = peer_new (SOCKET, manner, answer, size);
  int result;

  g_string_truncate (reported, 0);
  own_machine_write (MARKER, "pending\n");
  result = acquire (qemu);
  if (manner == PEER_ANSWERS)
    {
      g_autofree char *expected = g_strdup_printf ("virt-attest gate 1\nuuid " UUID "\npid %d\n", (int) qemu);

      g_assert_cmpuint (peer_count (peer), ==, 1);
      g_assert_cmpstr (peer_question (peer), ==, expected);
    }
  return result;
}

static void
test_answers (void)
{
  static const char *const bad[] = { "",
                                     "yes",
                                     "yes\n\n",
                                     "yes\nyes\n",
                                     "Yes\n",
                                     " yes\n",
                                     "yes\r\n",
                                     "y",
                                     "no",
                                     "no\n",
                                     "no\n\n",
                                     "no\nwithout end",
                                     "no\ntwo\nlines\n",
                                     "no\n\033[31m\n",
                                     "no\n\xff\n",
                                     "no \nx\n",
                                     "pass\n",
                                     "virt-attest gate 1\nyes\n" };
  pid_t qemu = own_machine_sleeper (MONITOR);
  g_autofree char *text = g_strnfill (1024, 'a'), *longest = g_strdup_printf ("no\n%s\n", text);
  g_autofree char *longer = g_strdup_printf ("no\n%sa\n", text), *flood = g_strnfill (8192, 'y');

  begin_well ("");
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, "yes\n", 4), ==, 0);
  g_assert_cmpuint (reported->len, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_cmpint (ask (qemu, PEER_ANSWERS, bad[i], strlen (bad[i])), ==, -1);
      assert_reported ("sent no verdict");
    }
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, "yes\n\0", 5), ==, -1);
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, "yes\0", 4), ==, -1);
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, "no\na\0b\n", 7), ==, -1);
  assert_reported ("sent no verdict");
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, "no\nthe firmware is another one\n", 31), ==, -1);
  g_assert_cmpstr (reported->str, ==, "virt-attest: the firmware is another one");
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, longest, strlen (longest)), ==, -1);
  assert_reported (text);
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, longer, strlen (longer)), ==, -1);
  assert_reported ("sent no verdict");
  g_assert_cmpint (ask (qemu, PEER_ANSWERS, flood, strlen (flood)), ==, -1);
  assert_reported ("cannot reach the host agent");
  own_machine_kill (qemu);
  end ();
}

static void
test_silence (void)
{
  pid_t qemu = own_machine_sleeper (MONITOR);
  gint64 began;

  begin_well ("deadline-ms = 300\n");
  for (PeerManner manner = PEER_SILENT; manner <= PEER_TRICKLES; manner++)
    {
      began = g_get_monotonic_time ();
      g_assert_cmpint (ask (qemu, manner, "", 0), ==, -1);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_USEC_PER_SEC);
      assert_reported (manner == PEER_HANGS_UP ? "host agent" : "no verdict within 300 ms");
    }
  own_machine_write (MARKER, "pending\n");
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("start virt-attest-hostd");
  g_assert_cmpint (acquire (0), ==, -1);
  assert_reported ("did not name");
  own_machine_write (SOCKET, "no socket");
  g_assert_cmpint (acquire (qemu), ==, -1);
  assert_reported ("cannot reach the host agent");
  unlink (SOCKET);
  own_machine_kill (qemu);
  end ();
}

static void
test_chain (void)
{
  pid_t qemu = own_machine_sleeper ("");
  LockManager manager;
  char *state = NULL;
  int fd = 5;

  memset (recorder, 0, sizeof *recorder);
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
  g_assert_cmpstr (recorder->log, ==,
                   "init 1000000 /run/libvirt-conf/qemu-recorder.conf 0;new 0 5 uuid 1;add mine 1 /disk 0 2;"
                   "acquire mine old 3 1;acquire mine - 0 2;inquire mine 0;release mine 0;free mine;deinit;");
  g_assert_cmpint (recorder->live, ==, 0);
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

  memset (recorder, 0, sizeof *recorder);
  recorder->refuse_init = 1;
  g_assert_cmpint (begin ("chain = \"recorder\"\nchain-config = \"/x/y.conf\"\n"), ==, -1);
  assert_reported ("did not start");
  g_assert_nonnull (strstr (recorder->log, "init 1000000 /x/y.conf 0;"));
  memset (recorder, 0, sizeof *recorder);
  begin_well ("chain = \"recorder\"\n");
  own_machine_write (MARKER, good);
  recorder->refuse_acquire = 1;
  g_assert_cmpint (acquire (qemu), ==, -1);
  recorder->refuse_new = 1;
  g_assert_cmpint (gate->new_manager (&manager, 0, 1, &uuid, 0), ==, -1);
  g_assert_null (manager.private_data);
  /* The gate's own no comes first: the other driver never hears of it. */
  memset (recorder, 0, sizeof *recorder);
  own_machine_write (MARKER, "garbage\n");
  g_assert_cmpint (acquire (qemu), ==, -1);
  g_assert_null (strstr (recorder->log, "acquire"));
  g_assert_cmpint (recorder->live, ==, 0);
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
load (void)
{
  static const char *const files[][2] = { { "plugin/.libs/virt-attest.so", "virt-attest.so" },
                                          { "tests/unit/.libs/recorder.so", "recorder.so" },
                                          { "tests/unit/.libs/foreign.so", "foreign.so" } };
  void *handle;

  g_assert_cmpint (g_mkdir (DRIVERS, 0755), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *from = g_build_filename (g_getenv ("VA_TOP_BUILDDIR"), files[i][0], NULL);
      g_autofree char *to = g_build_filename (DRIVERS, files[i][1], NULL);

      g_assert_true (g_file_test (from, G_FILE_TEST_IS_REGULAR));
      g_assert_cmpint (symlink (from, to), ==, 0);
    }
  own_machine_write (DRIVERS "/empty.so", "");
  handle = dlopen (DRIVERS "/recorder.so", RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (handle);
  recorder = dlsym (handle, "recorder");
  g_assert_nonnull (recorder);
  handle = dlopen (DRIVERS "/virt-attest.so", RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (handle);
  gate = dlsym (handle, "virLockDriverImpl");
  g_assert_nonnull (gate);
}

int
main (int argc, char **argv)
{
  own_machine_enter ();
  g_test_init (&argc, &argv, NULL);
  reported = g_string_new (NULL);
  load ();
  g_test_add_func ("/gate/interface", test_interface);
  g_test_add_func ("/gate/settings", test_settings);
  g_test_add_func ("/gate/mark", test_mark);
  g_test_add_func ("/gate/starts-without-mark", test_starts_without_mark);
  g_test_add_func ("/gate/parameters", test_parameters);
  g_test_add_func ("/gate/other-calls-pass", test_other_calls_pass);
  g_test_add_func ("/gate/foreign", test_foreign);
  g_test_add_func ("/gate/restored", test_restored);
  g_test_add_func ("/gate/unmarked", test_unmarked);
  g_test_add_func ("/gate/attested", test_attested);
  g_test_add_func ("/gate/marker-refused", test_marker_refused);
  g_test_add_func ("/gate/answers", test_answers);
  g_test_add_func ("/gate/silence", test_silence);
  g_test_add_func ("/gate/chain", test_chain);
  g_test_add_func ("/gate/chain-refuses", test_chain_refuses);
  g_test_add_func ("/gate/cost", test_cost);
  return g_test_run ();
}
