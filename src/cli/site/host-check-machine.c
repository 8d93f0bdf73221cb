/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>
#include "core/file.h"
#include "core/i18n.h"
#include "cli/site/host-check.h"

#define UNIT "virt-attest-hostd.service"
#define RULES "/etc/apparmor.d/local/abstractions/libvirt-qemu"
#define EXAMPLE "examples/apparmor-libvirt-qemu"
#define RULES_MAX (1024 * 1024)

/* What is in one of the files that libvirt's AppArmor profiles include; lines that are comments do not count. */
static gboolean
has_rule (const char *text, const char *words)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (g_strstrip (lines[i])[0] != '#' && strstr (lines[i], words) != NULL)
      return TRUE;
  return FALSE;
}

static void
judge_rules (const char *root, VaFinding *finding)
{
  static const char *const files[] = { RULES, "/etc/apparmor.d/abstractions/libvirt-qemu" };
  gboolean own = FALSE, shared = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_strconcat (root, files[i], NULL);
      g_autofree char *text = va_file_read_text (path, RULES_MAX, NULL);

      own = own || (text != NULL && has_rule (text, "virt-attest/qmp/@{profile_name}/"));
      shared = shared || (text != NULL && has_rule (text, "virt-attest/qmp/*/"));
    }
  if (shared)
    va_finding_fix (finding,
                    _("an older rule lets every QEMU reach the second monitor of every domain: in %s, replace the line "
                      "with virt-attest/qmp/*/ by the rules in %s"),
                    RULES, EXAMPLE);
  else if (own)
    va_finding_ok (finding, _("each QEMU reaches its own second monitor only"));
  else
    va_finding_fix (finding,
                    _("QEMU may not create a second monitor: append %s from virt-attest's documentation to %s"),
                    EXAMPLE, RULES);
}

void
va_judge_apparmor (const char *root, const char *capabilities, VaFinding *finding)
{
  if (strstr (capabilities, "<model>apparmor</model>") != NULL)
    judge_rules (root, finding);
  else if (strstr (capabilities, "<model>selinux</model>") != NULL)
    va_finding_ok (finding, _("not used; libvirt uses SELinux to isolate QEMU processes"));
  else
    va_finding_ok (finding, _("libvirt uses neither AppArmor nor SELinux: other QEMU processes can reach a domain's "
                              "second monitor briefly while it starts; see docs/THREATS.md"));
}

void
va_check_apparmor (VaHostCheck *check, VaFinding *finding)
{
  char *capabilities = check->libvirt != NULL ? virConnectGetCapabilities (check->libvirt) : NULL;

  if (capabilities == NULL)
    va_finding_fix (finding, _("not checked, because libvirt cannot be reached"));
  else
    va_judge_apparmor ("", capabilities, finding);
  free (capabilities);
}

/* Whether something in @folder wants the unit, as “systemctl enable” leaves it. */
static gboolean
is_wanted_in (const char *folder)
{
  g_autoptr(GPtrArray) names = va_folder_names (folder, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *link = g_build_filename (folder, name, UNIT, NULL);

      if ((g_str_has_suffix (name, ".wants") || g_str_has_suffix (name, ".requires"))
          && g_file_test (link, G_FILE_TEST_EXISTS))
        return TRUE;
    }
  return FALSE;
}

void
va_judge_unit (const char *root, VaFinding *finding)
{
  static const char *const folders[] = { "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
                                         "/usr/lib/systemd/system", "/lib/systemd/system" };
  g_autofree char *systemd = g_strconcat (root, "/run/systemd/system", NULL);
  gboolean wanted = FALSE;

  if (!g_file_test (systemd, G_FILE_TEST_IS_DIR))
    {
      va_finding_warn (finding,
                       _("systemd does not run here, so this cannot be checked: make sure that virt-attest-hostd "
                         "starts with the machine and before libvirtd or virtqemud"));
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (folders) && !wanted; i++)
    {
      g_autofree char *folder = g_strconcat (root, folders[i], NULL);

      wanted = is_wanted_in (folder);
    }
  if (wanted)
    va_finding_ok (finding, _("%s starts with the machine"), UNIT);
  else
    va_finding_fix (finding,
                    _("%s does not start with the machine, so domains with autostart would be refused: systemctl "
                      "enable --now virt-attest-hostd"),
                    UNIT);
}

void
va_check_unit (VaHostCheck *check, VaFinding *finding)
{
  va_judge_unit ("", finding);
}
