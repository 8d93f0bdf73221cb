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

static void
test_files_refused (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  g_assert_cmpint (unlink (FOLDER "/dh_cert.base64"), ==, 0);
  assert_refused (ours, "virt-attest domain prepare");
  g_assert_cmpint (symlink ("/run/victim", FOLDER "/dh_cert.base64"), ==, 0);
  own_machine_write ("/run/victim", "untouched");
  assert_refused (ours, "dh_cert.base64");
  g_assert_cmpint (unlink (FOLDER "/dh_cert.base64"), ==, 0);
  g_assert_cmpint (link ("/run/victim", FOLDER "/dh_cert.base64"), ==, 0);
  assert_refused (ours, "not a regular file, or has hard links");
  g_assert_cmpint (unlink (FOLDER "/dh_cert.base64"), ==, 0);
  g_assert_cmpint (mkfifo (FOLDER "/dh_cert.base64", 0600), ==, 0);
  assert_refused (ours, "dh_cert.base64");
  g_assert_cmpint (unlink (FOLDER "/dh_cert.base64"), ==, 0);
  g_assert_cmpint (g_mkdir (FOLDER "/dh_cert.base64", 0700), ==, 0);
  assert_refused (ours, "dh_cert.base64");
  assert_file (FOLDER "/session.base64", "UExBQ0VIT0xERVI=");
  prepare ();
  g_assert_cmpint (g_rename (FOLDER, "/run/away"), ==, 0);
  assert_refused (ours, "created no directory");
  g_assert_cmpint (symlink ("/run/away", FOLDER), ==, 0);
  assert_refused (ours, "domain-7-guest");
  assert_file ("/run/away/session.base64", "UExBQ0VIT0xERVI=");
  g_assert_cmpuint (peer_count (peer), ==, 7);
}

static void
test_folder_of_a_crash (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  own_machine_write (LIBDIR "/domain-7-older/session.base64", "older");
  own_machine_write (LIBDIR "/domain-70-guest/session.base64", "other");
  assert_passed ("start", "begin", ours);
  assert_file (FOLDER "/session.base64", session);
  g_assert_cmpint (g_rename (FOLDER, LIBDIR "/domain-7-guests"), ==, 0);
  assert_refused (ours, "several directories");
  g_assert_cmpuint (peer_count (peer), ==, 2);
}

static void
test_marker_missing (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  g_assert_cmpint (unlink (MARKER), ==, 0);
  assert_refused (ours, "did not create the marker");
  own_machine_write (MARKER, "attested 1 1\n");
  assert_refused (ours, "did not create the marker");
  own_machine_write (MARKER, "pending");
  assert_refused (ours, "did not create the marker");
  g_assert_cmpuint (peer_count (peer), ==, 3);
}

/* The mode, owner and emptiness of a folder that QEMU can use. */
static void
assert_fresh (const char *path)
{
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  struct stat info;

  g_assert_cmpint (lstat (path, &info), ==, 0);
  g_assert_true (S_ISDIR (info.st_mode));
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
  g_assert_cmpint (info.st_uid, ==, QEMU_USER);
  g_assert_cmpint (info.st_gid, ==, QEMU_GROUP);
  g_assert_null (g_dir_read_name (folder));
}

/* Whatever another QEMU process put in the place of the monitor, or of its folder, the next start finds neither. */
static void
test_monitor_folder_is_fresh (void)
{
  static const char *const left[] = {
    "mkdir -p " MONITOR "/monitor.sock/x/y",
    "mkdir -p " MONITOR "/monitor.sock && chown 1:1 " MONITOR "/monitor.sock",
    "mkdir " MONITOR " && ln -s /run/victims " MONITOR "/monitor.sock",
    "ln -s /run/victims " MONITOR,
    "touch " MONITOR,
    "mkfifo " MONITOR,
    "mkdir " MONITOR " && chown 1:1 " MONITOR,
    "mkdir -m 0777 " MONITOR,
    "mkdir " MONITOR " && cd " MONITOR " && for i in $(seq 300); do mkdir -p d && cd d || exit 1; touch f; done",
    "mkdir " MONITOR " && cd " MONITOR " && touch $(seq 6000)",
  };
  g_autoptr(Peer) peer = agent (grant);
  struct stat before;

  own_machine_write ("/run/victims/monitor.sock", "untouched");
  for (guint i = 0; i < G_N_ELEMENTS (left); i++)
    {
      const char *arguments[] = { "sh", "-c", left[i], NULL };
      int status;

      prepare ();
      g_assert_cmpint (g_mkdir (MONITORS, 0711), ==, 0);
      g_assert_true (g_spawn_sync ("/", (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                                   NULL));
      g_assert_cmpint (status, ==, 0);
      assert_passed ("start", "begin", ours);
      assert_fresh (MONITOR);
    }
  g_assert_true (g_file_test ("/run/victims/monitor.sock", G_FILE_TEST_IS_REGULAR));
  g_assert_cmpint (lstat (VA_RUNDIR "/discarded", &before), ==, 0);
  g_assert_cmpint (before.st_mode & 07777, ==, 0700);
}

/* A domain that was prepared before the folder had its present name. */
static void
test_older_monitor (void)
{
  g_auto(GStrv) parts = g_strsplit (ours, "</domain>", 2);
  g_autofree char *older =
    g_strdup_printf ("%s<x path='" VA_RUNDIR "/qmp/" UUID "/monitor.sock'/></domain>\n", parts[0]);
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  assert_passed ("start", "begin", older);
  assert_fresh (MONITORS "/" UUID);
  g_assert_false (g_file_test (MONITOR, G_FILE_TEST_EXISTS));
  assert_passed ("start", "begin", ours);
  assert_fresh (MONITOR);
}

static void
test_monitor_folder_refused (void)
{
  g_autoptr(Peer) peer = agent (grant);

  prepare ();
  g_assert_cmpint (g_mkdir (MONITORS, 0711), ==, 0);
  g_assert_cmpint (chown (MONITORS, 1, 1), ==, 0);
  assert_refused (ours, "the directory " MONITORS " belongs to user 1");
  g_assert_cmpint (g_rmdir (MONITORS), ==, 0);
  g_assert_cmpint (symlink ("/run/victims", MONITORS), ==, 0);
  assert_refused (ours, MONITORS ": ");
  assert_file (FOLDER "/session.base64", "UExBQ0VIT0xERVI=");
  g_assert_cmpuint (peer_count (peer), ==, 2);
}

static const char sev[] = "<domain type='kvm' id='7'>\n  <name>guest</name>\n  <uuid>" UUID "</uuid>\n"
                          "  <launchSecurity type='sev'><policy>0x0033</policy></launchSecurity>\n</domain>\n";

/* Where the host attests it although it was not prepared: files of its own, whatever lies in their place. */
static void
test_unprepared (void)
{
  g_autoptr(Peer) peer = NULL;

  prepare ();
  own_machine_write ("/run/victim", "untouched");
  peer = agent (grant);
  assert_passed ("start", "begin", sev);
  assert_passed ("restore", "begin", sev);
  g_assert_cmpuint (peer_count (peer), ==, 0);
  own_machine_write (CONFIG, "unprepared = yes\nlibvirt-lib-dir = " LIBDIR "\n");
  g_assert_cmpint (chown (FOLDER, QEMU_USER, QEMU_GROUP), ==, 0);
  g_assert_cmpint (unlink (FOLDER "/dh_cert.base64"), ==, 0);
  g_assert_cmpint (unlink (FOLDER "/session.base64"), ==, 0);
  g_assert_cmpint (symlink ("/run/victim", FOLDER "/session.base64"), ==, 0);
  assert_passed ("start", "begin", sev);
  assert_file (FOLDER "/session.base64", session);
  assert_file (FOLDER "/dh_cert.base64", owner_cert);
  assert_passed ("start", "begin", sev);
  assert_file (FOLDER "/session.base64", session);
  assert_operation_refused ("restore", sev, "cannot be restored");
  assert_operation_refused ("migrate", sev, "cannot be migrated");
  g_assert_cmpint (unlink (FOLDER "/session.base64"), ==, 0);
  g_assert_cmpint (g_mkdir (FOLDER "/session.base64", 0700), ==, 0);
  assert_refused (sev, "cannot create session.base64");
  g_assert_cmpint (g_rmdir (FOLDER "/session.base64"), ==, 0);
  unlink (MARK);
  assert_refused (sev, "launch gate");
  g_assert_cmpuint (peer_count (peer), ==, 3);
  /* For such a domain, and no other one, an error in the file is a refusal. */
  own_machine_write (CONFIG, "unprepared = perhaps\n");
  assert_refused (sev, "unprepared");
  assert_passed ("release", "end", sev);
}

int
main (int argc, char **argv)
{
  begin_tests (&argc, &argv);
  prepare ();
  g_test_add_func ("/hook/files-refused", test_files_refused);
  g_test_add_func ("/hook/folder-of-a-crash", test_folder_of_a_crash);
  g_test_add_func ("/hook/marker-missing", test_marker_missing);
  g_test_add_func ("/hook/unprepared", test_unprepared);
  g_test_add_func ("/hook/monitor-folder-is-fresh", test_monitor_folder_is_fresh);
  g_test_add_func ("/hook/older-monitor", test_older_monitor);
  g_test_add_func ("/hook/monitor-folder-refused", test_monitor_folder_refused);
  return g_test_run ();
}
