/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include "core/file.h"
#include "cli/site/host-check.h"

/* What `virt-attest host check` says of rooms, rules and units that this machine does not have. */

typedef enum { OK, WARN, FIX } Verdict;

static void
assert_finding (VaFinding *finding, Verdict verdict, const char *words)
{
  g_assert_cmpint (finding->ok, ==, verdict != FIX);
  g_assert_cmpint (finding->warns, ==, verdict == WARN);
  if (strstr (finding->words, words) == NULL)
    g_error ("“%s” is not in “%s”", words, finding->words);
  g_clear_pointer (&finding->words, g_free);
}

static void
test_sev_room (void)
{
  static const struct {
    VaSevRoom room;
    Verdict verdict;
    const char *words;
  } rooms[] = {
    { { .processor = TRUE, .state = 2, .firmware_error = -1, .cbitpos = 51, .guests = 410, .es_guests = 99 },
      OK,
      "C-bit 51, up to 410 SEV and 99 SEV-ES guests" },
    { { .processor = TRUE, .state = -1, .firmware_error = -1, .guests = 1, .es_guests = 1 }, OK, "up to 1 SEV" },
    { { .processor = TRUE, .state = 1, .firmware_error = -1 }, FIX, "minimum SEV non-ES ASID" },
    { { .processor = FALSE, .state = 1, .firmware_error = -1 }, WARN, "only on the software platform" },
    { { .processor = TRUE, .state = 1, .firmware_error = -1, .guests = 509 }, WARN, "sev_es=1" },
    { { .processor = TRUE, .state = 1, .firmware_error = -1, .guests = 509, .wants_es = (char *) "web" },
      FIX,
      "the domain web requires SEV-ES: raise “SEV-ES ASID Space Limit”" },
    { { .processor = TRUE, .state = 1, .firmware_error = -1, .es_guests = 509 },
      WARN,
      "lower “SEV-ES ASID Space Limit”" },
    { { .processor = TRUE, .state = 1, .firmware_error = -1, .es_guests = 509, .wants = (char *) "web" },
      FIX,
      "the domain web is one" },
    { { .processor = TRUE, .state = 0, .firmware_error = -1, .guests = 410, .es_guests = 99 },
      FIX,
      "SEV is not initialized" },
    { { .processor = TRUE, .state = -1, .firmware_error = 1, .guests = 410, .es_guests = 99 },
      FIX,
      "error 1 (Platform state is invalid)" },
    { { .processor = TRUE, .state = 2, .firmware_error = -1, .guests = 4, .running = 4, .es_guests = 9 },
      FIX,
      "4 SEV guests are running, and there are ASIDs for 4: stop one" },
    { { .processor = TRUE, .state = 2, .firmware_error = -1, .guests = 4, .es_guests = 9, .es_running = 9 },
      FIX,
      "9 SEV-ES guests are running" },
    { { .processor = TRUE,
        .state = 2,
        .firmware_error = -1,
        .guests = 4,
        .running = 3,
        .es_guests = 9,
        .es_running = 8 },
      OK,
      "3 and 8 are running" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    {
      VaFinding finding = { .ok = FALSE };

      va_judge_sev_room (&rooms[i].room, &finding);
      assert_finding (&finding, rooms[i].verdict, rooms[i].words);
    }
}

/* No device is not a state of the platform, and another device is none either. */
static void
test_device (void)
{
  VaSevRoom room = { .state = 0 };

  va_sev_room_ask_platform (&room, "/dev/there-is-none");
  g_assert_cmpint (room.state, ==, -1);
  g_assert_cmpint (room.firmware_error, ==, -1);
  va_sev_room_ask_platform (&room, "/dev/null");
  g_assert_cmpint (room.state, ==, -1);
  g_assert_cmpint (room.firmware_error, ==, -1);
}

/* @path below @root, with its directories. */
static void
put (const char *root, const char *path, const char *text)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autofree char *directory = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, text, -1, NULL));
}

static char *
new_root (void)
{
  char *root = g_dir_make_tmp ("root.XXXXXX", NULL);

  g_assert_nonnull (root);
  return root;
}

#define RULES "/etc/apparmor.d/local/abstractions/libvirt-qemu"
#define OWN_RULE "owner /{,var/}run/virt-attest/qmp/@{profile_name}/monitor.sock rw,\n"
#define SHARED_RULE "owner /run/virt-attest/qmp/*/monitor.sock rw,\n"

static void
test_apparmor (void)
{
  static const char model[] = "<secmodel><model>apparmor</model></secmodel>";
  g_autofree char *root = new_root ();
  VaFinding finding = { .ok = FALSE };

  va_judge_apparmor (root, "<model>selinux</model>", &finding);
  assert_finding (&finding, OK, "uses SELinux");
  va_judge_apparmor (root, "<model>dac</model>", &finding);
  assert_finding (&finding, OK, "uses neither AppArmor nor SELinux");
  va_judge_apparmor (root, model, &finding);
  assert_finding (&finding, FIX, "may not create a second monitor");
  put (root, RULES, "# " OWN_RULE);
  va_judge_apparmor (root, model, &finding);
  assert_finding (&finding, FIX, "may not create a second monitor");
  put (root, RULES, "# ours\n  " OWN_RULE);
  va_judge_apparmor (root, model, &finding);
  assert_finding (&finding, OK, "its own second monitor only");
  put (root, "/etc/apparmor.d/abstractions/libvirt-qemu", SHARED_RULE);
  va_judge_apparmor (root, model, &finding);
  assert_finding (&finding, FIX, "an older rule lets every QEMU reach");
}

static void
test_unit (void)
{
  g_autofree char *root = new_root ();
  VaFinding finding = { .ok = FALSE };

  va_judge_unit (root, &finding);
  assert_finding (&finding, WARN, "systemd does not run here");
  put (root, "/run/systemd/system/x", "");
  put (root, "/usr/lib/systemd/system/virt-attest-hostd.service", "");
  put (root, "/etc/systemd/system/multi-user.target.wants/other.service", "");
  put (root, "/etc/systemd/system/odd/virt-attest-hostd.service", "");
  va_judge_unit (root, &finding);
  assert_finding (&finding, FIX, "systemctl enable --now virt-attest-hostd");
  put (root, "/etc/systemd/system/multi-user.target.wants/virt-attest-hostd.service", "");
  va_judge_unit (root, &finding);
  assert_finding (&finding, OK, "starts with the machine");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-check/sev-room", test_sev_room);
  g_test_add_func ("/host-check/device", test_device);
  g_test_add_func ("/host-check/apparmor", test_apparmor);
  g_test_add_func ("/host-check/unit", test_unit);
  return g_test_run ();
}
