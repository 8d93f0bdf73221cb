/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/host-check.h"

#include <string.h>
#include <unistd.h>
#include "core/i18n.h"

gboolean
va_check_needed (const VaHostCheck *check, VaFinding *finding)
{
  if (check->config == NULL)
    va_finding_fix (finding, _("not checked, because the configuration cannot be read"));
  else if (strcmp (va_config_string (check->config, "unprepared", "attest"), "no") == 0)
    va_finding_ok (finding, _("not needed, because only prepared domains are attested"));
  else
    return TRUE;
  return FALSE;
}

void
va_judge_unprepared (const VaUnprepared *set, VaFinding *finding)
{
  gboolean asks = strcmp (set->attest, "no") != 0, required = strcmp (set->attest, "required") == 0;

  if (asks && !required && strcmp (set->attest, "registered") != 0)
    va_finding_fix (finding, _("attest in hostd.conf is “%s”: say no, registered or required"), set->attest);
  else if (asks && !set->hook)
    va_finding_fix (finding,
                    _("hostd.conf has attest = %s, but the hook does not ask about domains that are not "
                      "prepared: add unprepared = yes to %s"),
                    set->attest, VA_SYSCONFDIR "/hook.conf");
  else if (!asks && set->hook)
    va_finding_fix (finding,
                    _("hook.conf has unprepared = yes, but the agent attests no domain that is not prepared: "
                      "set attest in [unprepared] of hostd.conf, or say no in %s"),
                    VA_SYSCONFDIR "/hook.conf");
  else if (required && !set->gate)
    va_finding_fix (finding,
                    _("hostd.conf has attest = required, but the gate lets SEV guests run that nobody "
                      "attested, for instance if the hook is removed: add refuse-unattested = yes to %s"),
                    VA_SYSCONFDIR "/gate.conf");
  else if (asks && !required && set->gate)
    va_finding_fix (finding,
                    _("hostd.conf has attest = registered, so that other SEV domains start unattested, but "
                      "the gate refuses those: say required, or refuse-unattested = no in %s"),
                    VA_SYSCONFDIR "/gate.conf");
  else if (!asks)
    va_finding_ok (finding, set->gate ? _("only prepared domains are attested, and no other SEV guest runs")
                                      : _("only prepared domains are attested"));
  else
    va_finding_ok (finding,
                   required ? _("every SEV domain is attested") : _("every registered SEV domain is attested"));
}

void
va_judge_emulator_path (const char *path, const char *folder, const char *daemon, VaFinding *finding)
{
  g_autofree char *program = g_build_filename (folder, "qemu-system-x86_64", NULL);
  gsize length = strlen (folder);

  if (access (program, X_OK) != 0)
    va_finding_fix (finding,
                    _("%s is missing or not executable, so no domain that is not prepared can be attested: "
                      "install virt-attest again"),
                    program);
  else if (path == NULL)
    va_finding_fix (finding, _("the environment of %s cannot be read: start it, and run this as root"), daemon);
  else if (strncmp (path, folder, length) != 0 || (path[length] != ':' && path[length] != '\0'))
    va_finding_fix (finding,
                    _("the PATH of %s does not begin with %s, so domains are defined without virt-attest's "
                      "emulator program: install the drop-in of virt-attest-emulator(8) and restart it"),
                    daemon, folder);
  else
    va_finding_ok (finding, _("%s finds %s"), daemon, program);
}
