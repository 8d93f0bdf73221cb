/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/xml.h"

#include <string.h>
#include "domain/document.h"
#include "domain/nova.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/number.h"

#define VCPUS_MAX 4096

/* Keeps the first mistake; whether it counts is known at the end. */
static void
keep_first_error (GError **kept, GError *reason)
{
  if (*kept == NULL)
    *kept = reason;
  else
    g_error_free (reason);
}

/* libvirt also takes 32 digits without dashes. */
static char *
read_uuid (const char *text, GError **error)
{
  g_autofree char *dashed = NULL;

  if (strlen (text) == 32)
    dashed = g_strdup_printf ("%.8s-%.4s-%.4s-%.4s-%.12s", text, text + 8, text + 12, text + 16, text + 20);
  return va_uuid_canonical (dashed != NULL ? dashed : text, error);
}

static void
read_domain_identity (VaDomainXml *domain, const xmlNode *root, GError **kept)
{
  g_autofree char *uuid = va_xml_text (va_xml_child (root, "uuid"));
  g_autofree char *id = va_xml_attribute (root, "id");
  GError *reason = NULL;
  guint64 number;

  domain->id = -1;
  domain->name = va_xml_text (va_xml_child (root, "name"));
  if (uuid != NULL)
    {
      domain->uuid = read_uuid (uuid, &reason);
      if (domain->uuid == NULL)
        keep_first_error (kept, g_steal_pointer (&reason));
    }
  if (id == NULL)
    return;
  if (va_number_parse (id, 0, G_MAXINT32, &number, &reason))
    domain->id = (gint64) number;
  else
    keep_first_error (kept, g_steal_pointer (&reason));
}

/* libvirt reads the policy as hexadecimal with or without 0x. */
static void
read_domain_policy (VaDomainXml *domain, const char *text, GError **kept)
{
  g_autofree char *digits = g_strconcat ("0x", g_ascii_strncasecmp (text, "0x", 2) == 0 ? text + 2 : text, NULL);
  GError *reason = NULL;
  guint64 policy = 0;

  if (va_number_parse (digits, 0, G_MAXUINT32, &policy, &reason))
    domain->policy = (guint32) policy;
  else
    keep_first_error (kept, g_steal_pointer (&reason));
}

static void
read_launch_security (VaDomainXml *domain, const xmlNode *root, GError **kept)
{
  const xmlNode *security = va_xml_child (root, "launchSecurity");
  g_autofree char *type = security != NULL ? va_xml_attribute (security, "type") : NULL;
  g_autofree char *hashes = security != NULL ? va_xml_attribute (security, "kernelHashes") : NULL;
  g_autofree char *policy = va_xml_text (va_xml_child (security, "policy"));
  g_autofree char *certificate = va_xml_text (va_xml_child (security, "dhCert"));
  g_autofree char *session = va_xml_text (va_xml_child (security, "session"));

  if (g_strcmp0 (type, "sev") != 0)
    return;
  domain->confidential = TRUE;
  domain->kernel_hashes = g_strcmp0 (hashes, "yes") == 0;
  domain->no_hashes = g_strcmp0 (hashes, "no") == 0;
  domain->has_blobs = certificate != NULL && session != NULL;
  domain->any_blob = va_xml_child (security, "dhCert") != NULL || va_xml_child (security, "session") != NULL;
  if (policy != NULL)
    read_domain_policy (domain, policy, kept);
  else
    keep_first_error (kept,
                      g_error_new_literal (VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("<launchSecurity> has no <policy>")));
}

static void
read_restart (VaDomainXml *domain, const xmlNode *root)
{
  g_autofree char *action = va_xml_text (va_xml_child (root, "on_reboot"));

  domain->restarts = action == NULL || g_str_equal (action, "restart") || g_str_equal (action, "rename-restart");
}

static void
read_machine (VaDomainXml *domain, const xmlNode *root, GError **kept)
{
  const xmlNode *vcpu = va_xml_child (root, "vcpu");
  g_autofree char *current = vcpu != NULL ? va_xml_attribute (vcpu, "current") : NULL;
  g_autofree char *all = va_xml_text (vcpu);
  const char *text = current != NULL ? current : all;
  GError *reason = NULL;
  guint64 count = 1;

  domain->loader = va_xml_text (va_xml_child (va_xml_child (root, "os"), "loader"));
  domain->emulator = va_xml_text (va_xml_child (va_xml_child (root, "devices"), "emulator"));
  domain->kernel = va_xml_text (va_xml_child (va_xml_child (root, "os"), "kernel"));
  if (text != NULL && !va_number_parse (text, 1, VCPUS_MAX, &count, &reason))
    keep_first_error (kept, g_steal_pointer (&reason));
  domain->vcpus = (guint) count;
}

static void
read_monitor (VaDomainXml *domain, const VaXmlTree *tree)
{
  VaDomainMonitor monitor;

  va_domain_find_monitor (tree, &monitor);
  domain->monitor_path = va_domain_monitor_path (&monitor);
  domain->has_deprecated_monitor = monitor.form == VA_DOMAIN_MONITOR_MON;
}

/* Of a domain that opted in, everything must be as it should; of any other nothing is judged. */
static gboolean
check_opted_in (VaDomainXml *domain, GError *kept, GError **error)
{
  if (kept == NULL && domain->uuid == NULL)
    kept = g_error_new_literal (VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the domain has no <uuid>"));
  if (kept == NULL && domain->name == NULL)
    kept = g_error_new_literal (VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the domain has no <name>"));
  if (kept == NULL)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("domain XML: %s"), kept->message);
  g_error_free (kept);
  return FALSE;
}

VaDomainXml *
va_domain_read (const VaXmlTree *tree, const xmlNode *launch, gboolean strict, GError **error)
{
  g_autoptr(VaDomainXml) domain = g_new0 (VaDomainXml, 1);
  const xmlNode *root = xmlDocGetRootElement (tree);
  GError *kept = NULL;

  domain->opted_in = launch != NULL;
  read_domain_identity (domain, root, &kept);
  read_launch_security (domain, root, &kept);
  read_machine (domain, root, &kept);
  read_restart (domain, root);
  read_monitor (domain, tree);
  domain->nova = va_nova_read (tree);
  va_domain_judge (domain, tree, kept != NULL ? kept->message : NULL);
  if (launch != NULL)
    domain->registration = va_xml_attribute (launch, "id");
  if (launch != NULL)
    domain->owner = va_xml_attribute (launch, "owner");
  if (launch != NULL && domain->registration == NULL)
    domain->registration = g_strdup (domain->uuid);
  if (launch != NULL && strict)
    return check_opted_in (domain, kept, error) ? g_steal_pointer (&domain) : NULL;
  g_clear_error (&kept);
  return g_steal_pointer (&domain);
}

VaDomainXml *
va_domain_xml_parse (const char *xml, gsize size, GError **error)
{
  g_autoptr(VaXmlTree) tree = va_domain_tree_parse (xml, size, error);
  xmlNode *launch = NULL;

  if (tree == NULL || !va_domain_find_launch (tree, &launch, error))
    return NULL;
  return va_domain_read (tree, launch, TRUE, error);
}

void
va_domain_xml_free (VaDomainXml *domain)
{
  if (domain == NULL)
    return;
  g_free (domain->uuid);
  g_free (domain->name);
  g_free (domain->registration);
  g_free (domain->owner);
  g_free (domain->loader);
  g_free (domain->kernel);
  g_free (domain->emulator);
  g_free (domain->monitor_path);
  g_free (domain->other_scheme);
  va_nova_free (domain->nova);
  g_clear_pointer (&domain->obstacles, g_ptr_array_unref);
  g_clear_pointer (&domain->doubts, g_ptr_array_unref);
  g_clear_pointer (&domain->warnings, g_ptr_array_unref);
  g_free (domain);
}
