/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
#include "gate-fixture.h"
#include "peer.h"

#define SOCKET VA_RUNDIR "/gate.sock"

#define OLDER "socket,path=" VA_RUNDIR "/qmp/" UUID "/monitor.sock,server=on"

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
  assert_reported ("libvirtd or virtqemud has been restarted since");
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

#define POLICY VA_SYSCONFDIR "/gate.conf"

/* An SEV guest without our monitor: foreign, or started without the emulator program. */
static void
test_unmonitored (void)
{
  static const char *const guests[] = { "{\"qom-type\":\"sev-guest\",\"id\":\"lsec0\"}", "sev-guest,id=lsec0",
                                        "{\"qom-type\":\"sev-snp-guest\",\"id\":\"lsec0\"}" };
  pid_t other = own_machine_sleeper_with ("-object", "{\"qom-type\":\"rng-random\"}");

  begin_well ("");
  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      pid_t qemu = own_machine_sleeper_with ("-object", guests[i]);

      own_machine_write (POLICY, "refuse-unattested = no\n");
      g_assert_cmpint (acquire (qemu), ==, 0);
      own_machine_write (MARKER, "attested 1 1\n");
      g_assert_cmpint (acquire (qemu), ==, 0);
      own_machine_write (MARKER, "pending\n");
      g_assert_cmpint (acquire (qemu), ==, -1);
      assert_reported ("without virt-attest's emulator program");
      g_assert_cmpint (unlink (MARKER), ==, 0);
      own_machine_write (POLICY, "refuse-unattested = yes\n");
      g_assert_cmpint (acquire (qemu), ==, -1);
      assert_reported ("no SEV guest that is not attested");
      own_machine_write (POLICY, "refuse = yes\n");
      g_assert_cmpint (acquire (qemu), ==, -1);
      assert_reported (POLICY);
      g_assert_cmpint (acquire (other), ==, 0);
      g_assert_cmpint (unlink (POLICY), ==, 0);
      g_assert_cmpint (acquire (qemu), ==, 0);
      own_machine_kill (qemu);
    }
  end ();
  own_machine_kill (other);
}

int
main (int argc, char **argv)
{
  begin_tests (&argc, &argv);
  g_test_add_func ("/gate/foreign", test_foreign);
  g_test_add_func ("/gate/restored", test_restored);
  g_test_add_func ("/gate/unmarked", test_unmarked);
  g_test_add_func ("/gate/attested", test_attested);
  g_test_add_func ("/gate/unmonitored", test_unmonitored);
  g_test_add_func ("/gate/marker-refused", test_marker_refused);
  g_test_add_func ("/gate/answers", test_answers);
  g_test_add_func ("/gate/silence", test_silence);
  return g_test_run ();
}
