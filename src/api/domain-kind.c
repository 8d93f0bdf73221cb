/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/domain-document.h"

#include <string.h>
#include "core/i18n.h"

/* What libvirt calls the other schemes. */
static const struct { const char *type, *name; } schemes[] = {
  { "sev-snp", "AMD SEV-SNP" }, { "tdx", "Intel TDX" }, { "s390-pv", "IBM Secure Execution" },
};

/* QEMU's options that open a monitor. */
static const char *const monitors[] = { "-qmp", "-qmp-pretty", "-monitor", "-mon" };

static void
warn (VaDomainXml *domain, char *sentence)
{
  g_ptr_array_add (domain->warnings, sentence);
}

static char *
name_type (const char *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_equal (type, schemes[i].type))
      return g_strdup_printf (_("it is confidential by <launchSecurity type='%s'> (%s), which is not supported: only SEV and "
                                "SEV-ES (type='sev') are attested"), type, schemes[i].name);
  return g_strdup_printf (_("its <launchSecurity type='%s'> is not supported: only SEV and SEV-ES (type='sev') are attested"),
                          type);
}

/* The first character after a monitor's option that matters: "none" opens nothing, and ours is the one that is wanted. */
static gboolean
opens_monitor (const char *option, const char *value)
{
  if (g_strv_contains ((const char *const[]){ "-mon", NULL }, option)
      && (strstr (value, "chardev=" VA_MONITOR_ID ",") != NULL || g_str_has_suffix (value, "chardev=" VA_MONITOR_ID)))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (monitors); i++)
    if (g_str_equal (option, monitors[i]))
      return !g_str_equal (value, "none");
  return FALSE;
}

static gboolean
is_guest_object (const char *option, const char *value)
{
  return g_str_equal (option, "-object")
         && (g_str_has_prefix (value, "sev-guest") || g_str_has_prefix (value, "sev-snp-guest")
             || g_str_has_prefix (value, "tdx-guest") || strstr (value, "qom-type=sev") != NULL
             || strstr (value, "\"qom-type\":\"sev") != NULL);
}

static void
judge_argument (VaDomainXml *domain, const char *option, const char *value)
{
  if (opens_monitor (option, value))
    warn (domain, g_strdup_printf (_("<qemu:commandline> opens a further monitor (%s %s): whoever reaches it can let the guest "
                                     "run before it is attested; leave it out"), option, value));
  if (!is_guest_object (option, value))
    return;
  if (domain->confidential)
    warn (domain, g_strdup_printf (_("<qemu:commandline> has an SEV object of its own (-object %.40s…) beside "
                                     "<launchSecurity>: QEMU will not start with both; leave it out"), value));
  else if (domain->other_scheme == NULL)
    domain->other_scheme = g_strdup (_("it is confidential by <qemu:commandline> (-object sev-guest), which libvirt knows "
                                       "nothing about, so it cannot be attested: use <launchSecurity type='sev'> instead"));
}

static void
judge_commandline (VaDomainXml *domain, const xmlNode *root)
{
  const xmlNode *node = root->children;
  g_autofree char *option = NULL;

  while (node != NULL && !va_xml_is (node, VA_QEMU_NAMESPACE, "commandline"))
    node = node->next;
  for (const xmlNode *child = node != NULL ? node->children : NULL; child != NULL; child = child->next)
    {
      char *value = va_xml_is (child, VA_QEMU_NAMESPACE, "arg") ? va_xml_attribute (child, "value") : NULL;

      if (value == NULL)
        continue;
      if (option != NULL)
        judge_argument (domain, option, value);
      g_free (option);
      option = value;
    }
}

static void
judge_policy (VaDomainXml *domain, const xmlNode *security)
{
  const xmlNode *node = va_xml_child (security, "policy");
  xmlChar *raw = node != NULL ? xmlNodeGetContent (node) : NULL;
  g_autofree char *text = g_strdup ((const char *) raw);

  if (raw != NULL && strcmp (g_strstrip (text), (const char *) raw) != 0)
    warn (domain, g_strdup (_("<policy> has blanks around its value: libvirt refuses such a domain; take them out")));
  xmlFree (raw);
}

void
va_domain_judge (VaDomainXml *domain, const VaXmlTree *tree)
{
  const xmlNode *root = xmlDocGetRootElement (tree);
  const xmlNode *security = va_xml_child (root, "launchSecurity"), *os = va_xml_child (root, "os");
  g_autofree char *type = security != NULL ? va_xml_attribute (security, "type") : NULL;
  g_autofree char *automatic = os != NULL ? va_xml_attribute (os, "firmware") : NULL;

  domain->warnings = g_ptr_array_new_with_free_func (g_free);
  if (type != NULL && !domain->confidential)
    domain->other_scheme = name_type (type);
  judge_commandline (domain, root);
  judge_policy (domain, security);
  if (automatic != NULL && domain->loader == NULL)
    warn (domain, g_strdup_printf (_("libvirt chooses the firmware (<os firmware='%s'>), and may choose another one after an "
                                     "update: a registration names one firmware, so give its path in <loader>"), automatic));
}
