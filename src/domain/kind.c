/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/document.h"

#include <string.h>
#include "core/i18n.h"
#include "core/qemu-arguments.h"

/* What libvirt calls the other schemes. */
static const struct {
  const char *type, *name;
} schemes[] = {
  { "sev-snp", "AMD SEV-SNP" },
  { "tdx", "Intel TDX" },
  { "s390-pv", "IBM Secure Execution" },
};

static char *
name_type (const char *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_equal (type, schemes[i].type))
      return g_strdup_printf (_("it uses <launchSecurity type='%s'> (%s), which is not supported: only SEV and SEV-ES "
                                "(type='sev') are attested"),
                              type, schemes[i].name);
  return g_strdup_printf (_("its <launchSecurity type='%s'> is not supported: only SEV and SEV-ES (type='sev') are "
                            "attested"),
                          type);
}

static gboolean
is_guest_object (const char *option, const char *value)
{
  return g_str_equal (option, "-object")
         && (g_str_has_prefix (value, "sev-guest") || g_str_has_prefix (value, "sev-snp-guest")
             || g_str_has_prefix (value, "tdx-guest") || strstr (value, "qom-type=sev") != NULL
             || strstr (value, "\"qom-type\":\"sev") != NULL);
}

/* A firmware that libvirt knows nothing about. */
static gboolean
names_firmware (const char *option, const char *value)
{
  return g_str_equal (option, "-bios") || g_str_equal (option, "-pflash")
         || (g_str_equal (option, "-drive") && strstr (value, "if=pflash") != NULL);
}

static void
judge_argument (VaDomainXml *domain, const char *option, const char *value)
{
  if (names_firmware (option, value))
    domain->firmware_argument = TRUE;
  if (!is_guest_object (option, value))
    return;
  if (domain->confidential)
    g_ptr_array_add (domain->doubts,
                     g_strdup_printf (_("<qemu:commandline> adds an SEV object (-object %.40s…) to that of "
                                        "<launchSecurity>, and QEMU does not start with both: remove it"),
                                      value));
  else if (domain->other_scheme == NULL)
    domain->other_scheme =
      g_strdup (_("it enables SEV in <qemu:commandline> (-object sev-guest), which libvirt knows nothing about, so it "
                  "cannot be attested: use <launchSecurity type='sev'> instead"));
}

/* Hook, gate and agent refuse it wherever it stands among QEMU's arguments. */
static void
judge_saved_state (VaDomainXml *domain, const char *argument)
{
  if (domain->confidential && va_qemu_option_loads_state (argument, strlen (argument)))
    g_ptr_array_add (domain->obstacles, g_strdup_printf (_("<qemu:commandline> makes QEMU load a saved state (%s), "
                                                           "which replaces the memory that was measured: remove it"),
                                                         argument));
}

static void
judge_commandline (VaDomainXml *domain, const VaXmlTree *tree)
{
  g_autofree char *option = NULL;
  VaDomainMonitor monitor;

  va_domain_find_monitor (tree, &monitor);
  for (const xmlNode *child = monitor.commandline != NULL ? monitor.commandline->children : NULL; child != NULL;
       child = child->next)
    {
      char *value = va_xml_is (child, VA_QEMU_NAMESPACE, "arg") ? va_xml_attribute (child, "value") : NULL;

      if (value == NULL)
        continue;
      judge_saved_state (domain, value);
      if (option != NULL)
        {
          va_domain_judge_monitor (domain, child, option, value, &monitor);
          judge_argument (domain, option, value);
        }
      g_free (option);
      option = value;
    }
}

/* What libvirt takes one of. Of two it takes the first, or of some elements both, and may refuse them. */
static const struct {
  const char *parent, *name;
} single[] = {
  { NULL, "name" },
  { NULL, "uuid" },
  { NULL, "vcpu" },
  { NULL, "os" },
  { NULL, "launchSecurity" },
  { "os", "type" },
  { "os", "loader" },
  { "os", "kernel" },
  { "os", "initrd" },
  { "os", "cmdline" },
  { "launchSecurity", "policy" },
  { "launchSecurity", "dhCert" },
  { "launchSecurity", "session" },
};

static guint
count_children (const xmlNode *parent, const char *href, const char *name)
{
  guint count = 0;

  for (const xmlNode *child = parent != NULL ? parent->children : NULL; child != NULL; child = child->next)
    count += va_xml_is (child, href, name);
  return count;
}

static void
judge_single (VaDomainXml *domain, const xmlNode *parent, const char *href, const char *name)
{
  guint count = count_children (parent, href, name);

  if (count > 1)
    g_ptr_array_add (domain->obstacles, g_strdup_printf (_("it has <%s> %u times, and libvirt, QEMU and virt-attest "
                                                           "may each use a different one: keep only one"),
                                                         name, count));
}

static void
judge_repeated (VaDomainXml *domain, const xmlNode *root)
{
  for (guint i = 0; i < G_N_ELEMENTS (single); i++)
    judge_single (domain, single[i].parent != NULL ? va_xml_child (root, single[i].parent) : root, NULL,
                  single[i].name);
  judge_single (domain, root, VA_QEMU_NAMESPACE, "commandline");
}

static void
judge_type (VaDomainXml *domain, const xmlNode *root)
{
  g_autofree char *type = va_xml_attribute (root, "type");

  if (type == NULL)
    g_ptr_array_add (domain->doubts,
                     g_strdup (_("<domain> has no type attribute, which libvirt requires: write <domain type='kvm'>")));
  else if (g_str_equal (type, "qemu"))
    g_ptr_array_add (domain->obstacles,
                     g_strdup (_("its type is 'qemu', in which QEMU emulates the processor (TCG) and encrypts "
                                 "nothing: SEV needs <domain type='kvm'>")));
  else if (!g_str_equal (type, "kvm"))
    g_ptr_array_add (domain->obstacles,
                     g_strdup_printf (_("its type is '%s', but libvirt asks the hook and the launch gate about QEMU "
                                        "domains only: SEV needs <domain type='kvm'>"),
                                      type));
}

/* The machine types that OVMF is made for, also as distributions call theirs: pc-q35-rhel9.2.0, pc-i440fx-jammy,
   ubuntu-q35. */
static gboolean
is_pc (const char *machine)
{
  return g_str_equal (machine, "q35") || g_str_equal (machine, "pc") || g_str_has_prefix (machine, "pc-q35-")
         || g_str_has_prefix (machine, "pc-i440fx-") || g_str_equal (machine, "ubuntu")
         || g_str_equal (machine, "ubuntu-q35");
}

static void
judge_machine (VaDomainXml *domain, const xmlNode *root)
{
  const xmlNode *node = va_xml_child (va_xml_child (root, "os"), "type");
  g_autofree char *kind = va_xml_text (node);
  g_autofree char *arch = node != NULL ? va_xml_attribute (node, "arch") : NULL;
  g_autofree char *machine = node != NULL ? va_xml_attribute (node, "machine") : NULL;

  if (kind == NULL)
    g_ptr_array_add (domain->doubts, g_strdup (_("it has no <os><type>hvm</type></os>, which libvirt requires")));
  else if (!g_str_equal (kind, "hvm"))
    g_ptr_array_add (domain->obstacles,
                     g_strdup_printf (_("its <os><type> is “%s”: only whole virtual machines, “hvm”, can "
                                        "use SEV"),
                                      kind));
  if (arch != NULL && !g_str_equal (arch, "x86_64"))
    g_ptr_array_add (domain->obstacles, g_strdup_printf (_("its architecture is “%s”, but SEV exists on AMD processors "
                                                           "only: use arch='x86_64'"),
                                                         arch));
  else if (machine != NULL && !is_pc (machine))
    g_ptr_array_add (domain->obstacles, g_strdup_printf (_("its machine type “%s” is not a PC that SEV firmware runs "
                                                           "on: use machine='q35'"),
                                                         machine));
}

/* Another emulator than the one for x86-64, by the names that QEMU's own build gives them. */
static void
judge_emulator (VaDomainXml *domain, const xmlNode *root)
{
  g_autofree char *path = va_xml_text (va_xml_child (va_xml_child (root, "devices"), "emulator"));
  const char *name = path != NULL ? strrchr (path, '/') : NULL;

  name = name != NULL ? name + 1 : path;
  if (name != NULL && g_str_has_prefix (name, "qemu-system-") && !g_str_has_prefix (name, "qemu-system-x86_64"))
    g_ptr_array_add (domain->obstacles, g_strdup_printf (_("its <emulator> is “%s”, which emulates other processors: "
                                                           "SEV needs qemu-system-x86_64"),
                                                         name));
}

void
va_domain_judge_kind (VaDomainXml *domain, const VaXmlTree *tree)
{
  const xmlNode *root = xmlDocGetRootElement (tree), *security = va_xml_child (root, "launchSecurity");
  g_autofree char *type = security != NULL ? va_xml_attribute (security, "type") : NULL;

  if (type != NULL && !domain->confidential)
    domain->other_scheme = name_type (type);
  judge_commandline (domain, tree);
  if (!domain->confidential)
    return;
  judge_type (domain, root);
  judge_machine (domain, root);
  judge_emulator (domain, root);
  judge_repeated (domain, root);
}
