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

const char ours[] = "<domain type='kvm' id='7'>\n  <name>guest</name>\n  <uuid>" UUID "</uuid>\n  <metadata>\n"
                    "    <attest:launch xmlns:attest=\"urn:virt-attest:launch:1\" mode=\"required\"/>\n"
                    "  </metadata>\n</domain>\n";

char *hook, *session, *owner_cert, *grant;

static int
run_hook (const char *operation, const char *suboperation, const char *xml, char **said)
{
  int status;
  pid_t pid;

  own_machine_write ("/run/xml", xml);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      dup2 (open ("/run/xml", O_RDONLY), STDIN_FILENO);
      dup2 (open ("/run/said", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      execl (hook, "virt-attest", "guest", operation, suboperation, "-", NULL);
      _exit (127);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_true (g_file_get_contents ("/run/said", said, NULL, NULL));
  return WEXITSTATUS (status);
}

void
assert_operation_refused (const char *operation, const char *xml, const char *words)
{
  g_autofree char *said = NULL;

  g_assert_cmpint (run_hook (operation, "begin", xml, &said), ==, 1);
  g_assert_true (g_str_has_prefix (said, "virt-attest: "));
  g_assert_cmpint (said[strlen (said) - 1], ==, '\n');
  g_assert_null (strchr (g_strchomp (said), '\n'));
  if (strstr (said, words) == NULL)
    g_test_message ("“%s” is not in: %s", words, said);
  g_assert_nonnull (strstr (said, words));
}

void
assert_refused (const char *xml, const char *words)
{
  assert_operation_refused ("start", xml, words);
}

void
assert_passed (const char *operation, const char *suboperation, const char *xml)
{
  g_autofree char *said = NULL;

  g_assert_cmpint (run_hook (operation, suboperation, xml, &said), ==, 0);
  g_assert_cmpstr (said, ==, "");
}

void
leave_mark (gint64 pid_offset, gint64 start_offset)
{
  g_autofree char *mark = NULL;
  guint64 start;

  g_assert_true (va_process_start_time (getpid (), &start, NULL));
  mark = g_strdup_printf ("%d %" G_GUINT64_FORMAT "\n", (int) (getpid () + pid_offset), start + (guint64) start_offset);
  own_machine_write (MARK, mark);
}

static void
write_placeholder (const char *path)
{
  own_machine_write (path, "UExBQ0VIT0xERVI=");
  g_assert_cmpint (chmod (path, 0600), ==, 0);
  g_assert_cmpint (chown (path, QEMU_USER, QEMU_GROUP), ==, 0);
}

void
prepare (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *command = g_strdup ("rm -rf " LIBDIR " " MONITORS " " VA_RUNDIR "/domains");

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, &error));
  write_placeholder (FOLDER "/session.base64");
  write_placeholder (FOLDER "/dh_cert.base64");
  own_machine_write (CONFIG, "libvirt-lib-dir = " LIBDIR "\ndeadline-ms = 5000\n");
  own_machine_write (MARKER, "pending\n");
  g_assert_cmpint (chmod (VA_RUNDIR, 0711), ==, 0);
  leave_mark (0, 0);
}

Peer *
agent (const char *answer)
{
  return peer_new (SOCKET, PEER_ANSWERS, answer, strlen (answer));
}

void
assert_file (const char *path, const char *content)
{
  g_autofree char *found = NULL;
  struct stat info;

  g_assert_true (g_file_get_contents (path, &found, NULL, NULL));
  g_assert_cmpstr (found, ==, content);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (info.st_uid, ==, QEMU_USER);
  g_assert_cmpint (info.st_gid, ==, QEMU_GROUP);
}

void
begin_tests (int *argc, char ***argv)
{
  g_autofree guint8 *bytes = g_malloc (2084);

  own_machine_enter ();
  g_test_init (argc, argv, NULL);
  memset (bytes, 0x5a, 2084);
  session = va_base64_encode (bytes, 128);
  owner_cert = va_base64_encode (bytes, 2084);
  grant = g_strdup_printf ("grant\n" UUID "\n%s\n%s\nend\n", session, owner_cert);
  hook = g_build_filename (g_getenv ("VA_TOP_BUILDDIR"), "hooks/virt-attest-hook", NULL);
  own_machine_cover (VA_SYSCONFDIR);
}
