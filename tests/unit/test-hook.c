/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/process.h"
#include "hook-fixture.h"

static const char foreign[] = "<domain type='kvm' id='7'>\n  <name>guest</name>\n  <uuid>" UUID "</uuid>\n</domain>\n";

static void
test_not_ours (void)
{
  g_autoptr(Peer) peer = NULL;

  /* Nothing of ours is there, the configuration is broken: it does not matter. */
  own_machine_write (CONFIG, "garbage\n");
  unlink (MARK);
  assert_passed ("start", "begin", foreign);
  assert_passed ("release", "end", foreign);
  assert_passed ("start", "begin", "");
  prepare ();
  peer = agent ("refuse\nno\n");
  assert_passed ("start", "begin", foreign);
  assert_passed ("release", "end", foreign);
  g_assert_cmpuint (peer_count (peer), ==, 0);
  g_assert_false (g_file_test (MONITORS, G_FILE_TEST_EXISTS));
}

static void
test_other_operations (void)
{
  static const char *const others[][2] = { { "prepare", "begin" },   { "started", "begin" }, { "stopped", "end" },
                                           { "reconnect", "begin" }, { "migrate", "end" },   { "restore", "end" },
                                           { "attach", "begin" },    { "start", "end" },     { "release", "begin" } };
  g_autoptr(Peer) peer = agent ("refuse\nno\n");

  prepare ();
  unlink (MARK);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    assert_passed (others[i][0], others[i][1], ours);
  g_assert_cmpuint (peer_count (peer), ==, 0);
}

/* Memory that nobody measures: refused before anything is asked, and for our domains only. */
static void
test_restore_and_migration (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  assert_operation_refused ("restore", ours, "cannot be restored from a saved state");
  assert_operation_refused ("restore", ours, "virsh managedsave-remove");
  assert_operation_refused ("migrate", ours, "cannot be migrated");
  unlink (MARK);
  assert_operation_refused ("restore", ours, "cannot be restored");
  assert_passed ("restore", "begin", foreign);
  assert_passed ("migrate", "begin", foreign);
  assert_passed ("restore", "begin", "");
  g_assert_cmpuint (peer_count (peer), ==, 0);
}

/* A folder that others may write to could hold a mark that they wrote. */
static void
test_mark_of_others (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  g_assert_cmpint (chmod (VA_RUNDIR, 0775), ==, 0);
  assert_refused (ours, "must not be writable by others");
  assert_passed ("start", "begin", foreign);
  g_assert_cmpint (chmod (VA_RUNDIR, 0711), ==, 0);
  assert_passed ("start", "begin", ours);
  g_assert_cmpuint (peer_count (peer), ==, 1);
}

static void
test_grant (void)
{
  g_autofree char *question = g_strdup_printf ("virt-attest hook 1\nstart %d\n\n%s", (int) getpid (), ours);
  g_autoptr(Peer) peer = NULL;
  struct stat info;

  for (guint run = 0; run < 2; run++)
    {
      if (run == 0)
        prepare ();
      g_clear_pointer (&peer, peer_free);
      peer = agent (grant);
      assert_passed ("start", "begin", ours);
      g_assert_cmpuint (peer_count (peer), ==, 1);
      g_assert_cmpstr (peer_question (peer), ==, question);
      assert_file (FOLDER "/session.base64", session);
      assert_file (FOLDER "/dh_cert.base64", owner_cert);
      g_assert_cmpint (lstat (MONITOR, &info), ==, 0);
      g_assert_true (S_ISDIR (info.st_mode));
      g_assert_cmpint (info.st_mode & 07777, ==, 0700);
      g_assert_cmpint (info.st_uid, ==, QEMU_USER);
      g_assert_cmpint (info.st_gid, ==, QEMU_GROUP);
      g_assert_false (g_file_test (MONITOR "/monitor.sock", G_FILE_TEST_EXISTS));
      /* What a run before left behind. */
      own_machine_write (MONITOR "/monitor.sock", "stale");
    }
  g_assert_cmpint (lstat (MONITORS, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0711);
}

static void
test_pass_and_refusal (void)
{
  g_autoptr(Peer) peer = NULL;

  prepare ();
  peer = agent ("pass\n");
  assert_passed ("start", "begin", ours);
  g_assert_false (g_file_test (MONITORS, G_FILE_TEST_EXISTS));
  assert_file (FOLDER "/session.base64", "UExBQ0VIT0xERVI=");
  g_clear_pointer (&peer, peer_free);
  peer = agent ("refuse\nthe permit is used up (permit-exhausted)\n");
  assert_refused (ours, "virt-attest: the permit is used up (permit-exhausted)");
  g_clear_pointer (&peer, peer_free);
  peer = agent ("pass");
  assert_refused (ours, "sent an invalid answer");
  g_clear_pointer (&peer, peer_free);
  peer = peer_new (SOCKET, PEER_ANSWERS, grant, strlen (grant) - 1);
  assert_refused (ours, "sent an invalid answer");
  assert_file (FOLDER "/session.base64", "UExBQ0VIT0xERVI=");
}

static void
test_gate_missing (void)
{
  g_autoptr(Peer) peer = agent (grant);
  static const char *const marks[] = { "", "garbage", "1 1\n", "pending\n" };

  prepare ();
  unlink (MARK);
  assert_refused (ours, "gate is not loaded");
  leave_mark (1, 0);
  assert_refused (ours, "gate is not loaded");
  leave_mark (0, 1);
  assert_refused (ours, "gate is not loaded");
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      own_machine_write (MARK, marks[i]);
      assert_refused (ours, "gate is not loaded");
    }
  g_assert_cmpuint (peer_count (peer), ==, 0);
}

static void
test_agent_missing (void)
{
  gint64 began;

  prepare ();
  unlink (SOCKET);
  assert_refused (ours, "cannot reach the host agent");
  own_machine_write (SOCKET, "no socket");
  assert_refused (ours, "cannot reach the host agent");
  own_machine_write (CONFIG, "libvirt-lib-dir = " LIBDIR "\ndeadline-ms = 300\n");
  for (PeerManner manner = PEER_SILENT; manner <= PEER_TRICKLES; manner++)
    {
      g_autoptr(Peer) peer = peer_new (SOCKET, manner, "", 0);

      began = g_get_monotonic_time ();
      assert_refused (ours, manner == PEER_HANGS_UP ? "host agent" : "no answer in time");
      g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_USEC_PER_SEC);
      g_assert_cmpuint (peer_count (peer), ==, manner == PEER_HANGS_UP ? 0 : 1);
    }
}

static void
test_settings (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  own_machine_write (CONFIG, "deadline = 5\n");
  assert_refused (ours, "unknown key");
  own_machine_write (CONFIG, "deadline-ms = 0\n");
  assert_refused (ours, "deadline-ms");
  own_machine_write (CONFIG, "libvirt-lib-dir = relative\n");
  assert_refused (ours, "expected an absolute path");
  g_assert_cmpuint (peer_count (peer), ==, 0);
  own_machine_write (CONFIG, "libvirt-lib-dir = /run/nowhere\n");
  assert_refused (ours, "/run/nowhere");
}

static void
test_xml_refused (void)
{
  g_autoptr(Peer) peer = agent (grant);
  g_autofree char *spaces = g_strnfill (1024 * 1024, ' '), *huge = g_strconcat (ours, spaces, NULL);
  g_auto(GStrv) parts = g_strsplit (foreign, "</domain>", 2);
  g_autofree char *late =
    g_strdup_printf ("%s%s%s<a xmlns='urn:virt-attest:launch:1'/></domain>", parts[0], spaces, spaces);

  prepare ();
  assert_refused (huge, "longer than 1 MiB");
  assert_refused (late, "longer than 1 MiB");
  assert_refused ("<domain type='kvm'><a xmlns='urn:virt", "is truncated");
  assert_refused ("<domain type='kvm'><!-- urn:virt", "is truncated");
  assert_refused ("<!DOCTYPE domain [<!ENTITY n 'x'>]><domain/>", "document type declaration");
  assert_refused ("<a xmlns='urn:virt-attest:launch:1'/>", "domain XML");
  assert_refused ("<domain type='kvm'><a xmlns='urn:virt-attest:launch:1'/>", "domain XML");
  g_assert_cmpuint (peer_count (peer), ==, 0);
}

/* However much metadata others have put there. */
static void
test_long_foreign (void)
{
  g_autofree char *blob = g_strnfill (4 * 1024 * 1024, 'x');
  g_auto(GStrv) parts = g_strsplit (foreign, "</domain>", 2);
  g_autofree char *xml =
    g_strdup_printf ("%s<metadata><a b='%s'>%s</a><c>%s</c></metadata></domain>\n", parts[0], blob, blob, blob);

  prepare ();
  unlink (MARK);
  assert_passed ("start", "begin", xml);
  assert_passed ("restore", "begin", xml);
  assert_passed ("release", "end", xml);
}

static void
test_release (void)
{
  g_autofree char *question = g_strdup_printf ("virt-attest hook 1\nrelease %d\n\n%s", (int) getpid (), ours);
  g_autoptr(Peer) peer = NULL;

  prepare ();
  unlink (MARK);
  unlink (SOCKET);
  assert_passed ("release", "end", ours);
  own_machine_write (CONFIG, "garbage\n");
  assert_passed ("release", "end", ours);
  peer = agent ("refuse\nwhatever\n");
  assert_passed ("release", "end", ours);
  g_assert_cmpuint (peer_count (peer), ==, 1);
  g_assert_cmpstr (peer_question (peer), ==, question);
}

static void
test_cost (void)
{
  gint64 began, spent, best = G_MAXINT64;

  prepare ();
  for (guint i = 0; i < 20; i++)
    {
      began = g_get_monotonic_time ();
      assert_passed ("start", "begin", foreign);
      spent = g_get_monotonic_time () - began;
      best = MIN (best, spent);
    }
  g_test_message ("hook for a domain that is not ours: %.2f ms, with fork and exec", (double) best / 1000);
#ifndef VA_SANITIZERS
  g_assert_cmpint (best, <, 50000);
#endif
}

int
main (int argc, char **argv)
{
  begin_tests (&argc, &argv);
  g_test_add_func ("/hook/not-ours", test_not_ours);
  g_test_add_func ("/hook/other-operations", test_other_operations);
  g_test_add_func ("/hook/restore-and-migration", test_restore_and_migration);
  g_test_add_func ("/hook/mark-of-others", test_mark_of_others);
  g_test_add_func ("/hook/grant", test_grant);
  g_test_add_func ("/hook/pass-and-refusal", test_pass_and_refusal);
  g_test_add_func ("/hook/gate-missing", test_gate_missing);
  g_test_add_func ("/hook/agent-missing", test_agent_missing);
  g_test_add_func ("/hook/settings", test_settings);
  g_test_add_func ("/hook/xml-refused", test_xml_refused);
  g_test_add_func ("/hook/long-foreign", test_long_foreign);
  g_test_add_func ("/hook/release", test_release);
  g_test_add_func ("/hook/cost", test_cost);
  return g_test_run ();
}
