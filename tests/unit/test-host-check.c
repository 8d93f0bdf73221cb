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

static void
test_unprepared (void)
{
  static const struct {
    VaUnprepared set;
    gboolean ok;
    const char *words;
  } cases[] = {
    { { "no", FALSE, FALSE }, TRUE, "only prepared" },
    { { "no", FALSE, TRUE }, TRUE, "no other SEV guest" },
    { { "no", TRUE, FALSE }, FALSE, "hook.conf" },
    { { "registered", TRUE, FALSE }, TRUE, "registered" },
    { { "registered", TRUE, TRUE }, FALSE, "refuse-unattested = no" },
    { { "registered", FALSE, FALSE }, FALSE, "unprepared = yes" },
    { { "required", TRUE, TRUE }, TRUE, "every SEV domain" },
    { { "required", TRUE, FALSE }, FALSE, "refuse-unattested = yes" },
    { { "required", FALSE, TRUE }, FALSE, "unprepared = yes" },
    { { "maybe", TRUE, TRUE }, FALSE, "maybe" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaFinding finding = { .ok = FALSE };

      va_judge_unprepared (&cases[i].set, &finding);
      g_test_message ("%s", finding.words);
      g_assert_cmpint (finding.ok, ==, cases[i].ok);
      g_assert_nonnull (strstr (finding.words, cases[i].words));
      g_free (finding.words);
    }
}

static void
test_emulator_path (void)
{
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL),
                  *program = g_build_filename (folder, "qemu-system-x86_64", NULL);
  g_autofree char *first = g_strdup_printf ("%s:/usr/bin", folder), *last = g_strdup_printf ("/usr/bin:%s", folder);
  g_autofree char *longer = g_strdup_printf ("%sx:/usr/bin", folder);
  const char *const wrong[] = { last, longer, "" };
  VaFinding finding = { .ok = FALSE };

  va_judge_emulator_path (first, folder, "libvirtd", &finding);
  g_assert_false (finding.ok);
  g_assert_nonnull (strstr (finding.words, "missing"));
  g_assert_true (g_file_set_contents_full (program, "", 0, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  va_judge_emulator_path (first, folder, "libvirtd", &finding);
  g_assert_true (finding.ok);
  va_judge_emulator_path (folder, folder, "libvirtd", &finding);
  g_assert_true (finding.ok);
  va_judge_emulator_path (NULL, folder, "libvirtd", &finding);
  g_assert_false (finding.ok);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      va_judge_emulator_path (wrong[i], folder, "virtqemud", &finding);
      g_assert_false (finding.ok);
      g_assert_nonnull (strstr (finding.words, "PATH of virtqemud"));
    }
  g_free (finding.words);
  g_assert_cmpint (g_unlink (program) | g_rmdir (folder), ==, 0);
}

#define DESCRIPTOR \
  "{\"interface-types\":[\"uefi\"],\"mapping\":{%s},\"targets\":[{\"architecture\":\"%s\"}],\"features\":[\"%s\"]}"

static void
write_descriptor (const char *folder, const char *name, const char *mapping, const char *architecture,
                  const char *feature)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = g_strdup_printf (DESCRIPTOR, mapping, architecture, feature);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* As Debian 12 has them with ovmf-amdsev, and what an operator adds. */
static void
test_descriptors (void)
{
  static const char flash[] = "\"device\":\"flash\",\"nvram-template\":{}", memory[] = "\"device\":\"memory\"";
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL), *command = g_strdup_printf ("rm -r %s", folder);
  VaFinding finding = { .ok = FALSE };

  va_judge_descriptors (folder, &finding);
  g_assert_true (finding.ok && finding.warns && strstr (finding.words, "amd-sev") != NULL);
  write_descriptor (folder, "20-arm.json", memory, "aarch64", "x");
  write_descriptor (folder, "60-edk2-x86_64.json", flash, "x86_64", "x");
  va_judge_descriptors (folder, &finding);
  g_assert_true (finding.ok && finding.warns && strstr (finding.words, "nvram-template") != NULL);
  write_descriptor (folder, "60-edk2-x86_64-amdsev.json", memory, "x86_64", "amd-sev");
  va_judge_descriptors (folder, &finding);
  g_assert_true (finding.ok && finding.warns && strstr (finding.words, "60-edk2-x86_64-amdsev.json") != NULL);
  write_descriptor (folder, "30-sev.json", flash, "x86_64", "amd-sev");
  va_judge_descriptors (folder, &finding);
  g_assert_true (finding.ok && !finding.warns);
  g_free (finding.words);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-check/sev-room", test_sev_room);
  g_test_add_func ("/host-check/device", test_device);
  g_test_add_func ("/host-check/apparmor", test_apparmor);
  g_test_add_func ("/host-check/unit", test_unit);
  g_test_add_func ("/host-check/unprepared", test_unprepared);
  g_test_add_func ("/host-check/emulator-path", test_emulator_path);
  g_test_add_func ("/host-check/descriptors", test_descriptors);
  return g_test_run ();
}
