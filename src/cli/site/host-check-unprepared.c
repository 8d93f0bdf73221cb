/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/host-check.h"

#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>
#include "core/i18n.h"
#include "core/process.h"
#include "domain/xml.h"

#define PROGRAM "qemu-system-x86_64"
#define ENVIRONMENT_MAX (256 * 1024)

/* What hook and gate read of these files beside the keys that matter here is theirs to judge. */
static const VaConfigKey hook_keys[] = {
  { "", "deadline-ms", VA_CONFIG_NUMBER, "10000", FALSE, 100, 60000 },
  { "", "libvirt-lib-dir", VA_CONFIG_PATH, "/var/lib/libvirt/qemu", FALSE, 0, 0 },
  { "", "unprepared", VA_CONFIG_BOOLEAN, "no", FALSE, 0, 0 },
  { NULL },
};
static const VaConfigKey gate_keys[] = {
  { "", "refuse-unattested", VA_CONFIG_BOOLEAN, "no", FALSE, 0, 0 },
  { NULL },
};

void
va_check_unprepared (VaHostCheck *check, VaFinding *finding)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaConfig) hook = va_config_load_optional (VA_SYSCONFDIR "/hook.conf", hook_keys, &error);
  g_autoptr(VaConfig) gate = hook != NULL ? va_config_load_optional (VA_SYSCONFDIR "/gate.conf", gate_keys, &error)
                                          : NULL;

  if (check->config == NULL)
    va_finding_fix (finding, _("not checked, because the configuration cannot be read"));
  else if (gate == NULL)
    va_finding_fix (finding, "%s", error->message);
  else
    va_judge_unprepared (&(VaUnprepared){ va_config_string (check->config, "unprepared", "attest"),
                                          va_config_boolean (hook, "", "unprepared"),
                                          va_config_boolean (gate, "", "refuse-unattested") },
                         finding);
}

/* PATH of process @pid; %NULL: it cannot be read. */
static char *
read_path (pid_t pid)
{
  g_autofree char *file = g_strdup_printf ("/proc/%d/environ", (int) pid);
  g_autofree char *text = NULL;
  gsize size = 0;

  if (!g_file_get_contents (file, &text, &size, NULL) || size > ENVIRONMENT_MAX)
    return NULL;
  for (const char *at = text; at < text + size; at += strlen (at) + 1)
    if (g_str_has_prefix (at, "PATH="))
      return g_strdup (at + strlen ("PATH="));
  return g_strdup ("");
}

void
va_check_emulator (VaHostCheck *check, VaFinding *finding)
{
  pid_t pid = va_gate_daemon ();
  g_autofree char *daemon = va_process_daemon_name (pid);
  g_autofree char *path = pid > 0 ? read_path (pid) : NULL;

  if (va_check_needed (check, finding))
    va_judge_emulator_path (path, VA_EMULATORDIR, daemon, finding);
}

/* Whether the domain, which is to be attested unprepared, was defined with another emulator. */
static gboolean
has_other_emulator (virDomainPtr domain)
{
  char *xml = virDomainGetXMLDesc (domain, VIR_DOMAIN_XML_INACTIVE);
  g_autoptr(VaDomainXml) read = xml != NULL ? va_domain_xml_parse (xml, strlen (xml), NULL) : NULL;

  free (xml);
  return read != NULL && read->confidential && !read->opted_in && !read->any_blob
         && g_strcmp0 (read->emulator, VA_EMULATORDIR "/" PROGRAM) != 0;
}

void
va_check_definitions (VaHostCheck *check, VaFinding *finding)
{
  virDomainPtr *domains = NULL;
  g_autofree char *first = NULL;
  int count, others = 0;

  if (!va_check_needed (check, finding))
    return;
  if (check->libvirt == NULL)
    {
      va_finding_fix (finding, _("not checked, because libvirt cannot be reached"));
      return;
    }
  count = virConnectListAllDomains (check->libvirt, &domains, VIR_CONNECT_LIST_DOMAINS_PERSISTENT);
  for (int i = 0; i < count; i++)
    {
      if (has_other_emulator (domains[i]) && others++ == 0)
        first = g_strdup (virDomainGetName (domains[i]));
      virDomainFree (domains[i]);
    }
  free (domains);
  if (count < 0)
    va_finding_fix (finding, _("libvirt does not list its domains: restart it"));
  else if (others > 0)
    va_finding_fix (finding,
                    _("%d SEV domains, for instance %s, were defined with another <emulator> than %s, and will "
                      "be refused: define them again without <emulator> (Nova does that at a hard reboot)"),
                    others, first, VA_EMULATORDIR "/" PROGRAM);
  else
    va_finding_ok (finding, _("no SEV domain was defined with another emulator"));
}
