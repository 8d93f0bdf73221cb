/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/xml.h"

#include <string.h>
#include "domain/document.h"
#include "domain/layout.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "core/peer-name.h"
#include "tee/sev/policy.h"

/* Readable in the domain's XML once decoded, and no session: a start without our hook fails in QEMU. */
static const char placeholder[] = "virt-attest: replaced at each start";

typedef struct {
  VaXmlLayout *layout;
  VaXmlTree *tree;
  const xmlNode *root, *name;
  char *uuid;
  const char *registration, *owner; /* as asked for; may be %NULL */
} Preparation;

static gboolean
refuse_domain (GError **error, const char *message)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s", message);
}

static gboolean
check_can_prepare (const VaDomainXml *domain, const Preparation *p, GError **error)
{
  g_autoptr(GPtrArray) reasons = va_domain_xml_reasons (domain, VA_DOMAIN_UNPREPARED, VA_RUNDIR);

  if (!domain->confidential && domain->other_scheme == NULL)
    return refuse_domain (error, _("the domain has no <launchSecurity type='sev'>: it is not confidential, so there is "
                                   "nothing to attest; add it with its <policy> first"));
  if (reasons->len > 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the domain cannot be attested: %s"),
                   (const char *) reasons->pdata[0]);
      return FALSE;
    }
  if (domain->name == NULL)
    return refuse_domain (error, _("the domain has no <name>"));
  if (p->registration != NULL && !va_uuid_is_canonical (p->registration))
    return refuse_domain (error, _("the registration's id must be a UUID in lower case"));
  if (p->owner != NULL && !va_peer_name_is_valid (p->owner))
    return refuse_domain (error, _("the owner's name must be 1 to 64 of a-z 0-9 . _ -"));
  return TRUE;
}

static gboolean
add_uuid (Preparation *p, const VaDomainXml *domain, GError **error)
{
  const xmlNode *node = va_xml_child (p->root, "uuid");
  g_autofree char *text = va_xml_text (node);
  g_autofree char *element = NULL;

  p->uuid = g_strdup (domain->uuid);
  if (p->uuid != NULL)
    return TRUE;
  if (text != NULL)
    return refuse_domain (error, _("the domain's <uuid> is not a UUID"));
  p->uuid = va_uuid_random ();
  element = g_strdup_printf ("<uuid>%s</uuid>", p->uuid);
  if (node != NULL)
    va_xml_layout_replace (p->layout, node, element);
  else
    va_xml_layout_insert_after (p->layout, p->name, (const char *[]){ element, NULL });
  return TRUE;
}

static void
add_metadata (Preparation *p, const xmlNode *launch)
{
  const xmlNode *metadata = va_xml_child (p->root, "metadata");
  const xmlNode *uuid = va_xml_child (p->root, "uuid");
  g_autofree char *element = NULL;
  g_autofree char *owner = launch != NULL ? va_xml_attribute (launch, "owner") : NULL;

  if (launch != NULL)
    {
      g_autofree char *id = va_xml_attribute (launch, "id");

      if (p->registration != NULL && g_strcmp0 (id, p->registration) != 0)
        va_xml_layout_set_attribute (p->layout, launch, "id", p->registration);
      if (p->owner != NULL && g_strcmp0 (owner, p->owner) != 0)
        va_xml_layout_set_attribute (p->layout, launch, "owner", p->owner);
      return;
    }
  owner = p->owner != NULL ? g_strdup_printf (" owner=\"%s\"", p->owner) : g_strdup ("");
  element = g_strdup_printf ("  <attest:launch xmlns:attest=\"" VA_DOMAIN_NAMESPACE
                             "\" id=\"%s\"%s mode=\"required\"/>",
                             p->registration != NULL ? p->registration : p->uuid, owner);
  if (metadata != NULL)
    va_xml_layout_insert_inside (p->layout, metadata, (const char *[]){ element + 2, NULL });
  else
    va_xml_layout_insert_after (p->layout, uuid != NULL ? uuid : p->name,
                                (const char *[]){ "<metadata>", element, "</metadata>", NULL });
}

static void
add_placeholders (Preparation *p)
{
  static const char *const names[] = { "dhCert", "session" };
  const xmlNode *security = va_xml_child (p->root, "launchSecurity");
  g_autofree char *value = va_base64_encode (placeholder, strlen (placeholder));
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const xmlNode *node = va_xml_child (security, names[i]);
      g_autofree char *text = va_xml_text (node);
      g_autofree char *element = g_strdup_printf ("<%s>%s</%s>", names[i], value, names[i]);

      if (node == NULL)
        g_ptr_array_add (lines, g_steal_pointer (&element));
      else if (text == NULL)
        va_xml_layout_replace (p->layout, node, element);
    }
  if (lines->len == 0)
    return;
  g_ptr_array_add (lines, NULL);
  va_xml_layout_insert_inside (p->layout, security, (const char *const *) lines->pdata);
}

static char *
make_argument (const char *prefix, const char *value)
{
  return prefix != NULL ? g_strdup_printf ("  <%s:arg value='%s'/>", prefix, value)
                        : g_strdup_printf ("  <arg value='%s'/>", value);
}

/* Into <qemu:commandline>, which is added too if there is none. */
static void
add_argument (Preparation *p, const xmlNode *commandline, const char *option, const char *value)
{
  const xmlNs *declared = commandline != NULL
                            ? commandline->ns
                            : xmlSearchNsByHref (p->tree, (xmlNode *) p->root, (const xmlChar *) VA_QEMU_NAMESPACE);
  gboolean usable = declared != NULL && (declared->prefix != NULL || commandline != NULL);
  const char *prefix = usable ? (const char *) declared->prefix : "qemu";
  g_autofree char *first = make_argument (prefix, option), *second = make_argument (prefix, value);
  g_autofree char *begin = usable ? g_strdup_printf ("<%s:commandline>", prefix)
                                  : g_strdup ("<qemu:commandline xmlns:qemu='" VA_QEMU_NAMESPACE "'>");
  g_autofree char *end = g_strdup_printf ("</%s:commandline>", prefix);

  if (commandline != NULL)
    va_xml_layout_insert_inside (p->layout, commandline, (const char *[]){ first + 2, second + 2, NULL });
  else
    va_xml_layout_insert_inside (p->layout, p->root, (const char *[]){ begin, first, second, end, NULL });
}

static void
correct_value (Preparation *p, const xmlNode *node, const char *wanted)
{
  g_autofree char *value = va_xml_attribute (node, "value");

  if (g_strcmp0 (value, wanted) != 0)
    va_xml_layout_set_attribute (p->layout, node, "value", wanted);
}

/* Our monitor as one option, in the place of the first part that there is of it in any form; the others go. */
static void
write_monitor (Preparation *p, const VaDomainMonitor *monitor, const char *value)
{
  const VaDomainArgument *const parts[] = { &monitor->qmp, &monitor->chardev, &monitor->mon, &monitor->object };
  gboolean written = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      if (parts[i]->value == NULL)
        continue;
      if (written)
        {
          va_xml_layout_remove (p->layout, parts[i]->option);
          va_xml_layout_remove (p->layout, parts[i]->value);
          continue;
        }
      correct_value (p, parts[i]->option, "-qmp");
      correct_value (p, parts[i]->value, value);
      written = TRUE;
    }
  if (!written)
    add_argument (p, monitor->commandline, "-qmp", value);
}

static void
add_monitor (Preparation *p)
{
  g_autofree char *path = va_monitor_path (VA_RUNDIR, p->uuid);
  g_autofree char *value = g_strdup_printf ("unix:%s,server=on,wait=off", path);
  g_autofree char *chardev = g_strdup_printf ("socket,id=" VA_MONITOR_ID ",path=%s,server=on,wait=off", path);
  VaDomainMonitor monitor;

  va_domain_find_monitor (p->tree, &monitor);
  /* Whoever wrote it has a QEMU that knows it. */
  if (monitor.form == VA_DOMAIN_MONITOR_OBJECT)
    correct_value (p, monitor.chardev.value, chardev);
  else
    write_monitor (p, &monitor, value);
}

/* Processors of SEV-ES cannot be reset. A QEMU before 11.1 ends then; a later one launches the guest again by itself,
   and the agent does not let it. Either way the domain ends, and libvirt should know. */
static void
end_at_reboot (Preparation *p, const VaDomainXml *domain)
{
  static const char element[] = "<on_reboot>destroy</on_reboot>";
  const xmlNode *node = va_xml_child (p->root, "on_reboot"), *before = va_xml_child (p->root, "on_poweroff");

  if ((domain->policy & VA_POLICY_ES) == 0 || !domain->restarts)
    return;
  if (before == NULL)
    before = va_xml_child (p->root, "os");
  if (node != NULL)
    va_xml_layout_replace (p->layout, node, element);
  else
    va_xml_layout_insert_after (p->layout, before != NULL ? before : p->name, (const char *[]){ element, NULL });
}

/* Reads the result as the agent will: what it would not accept must not leave this function. */
static gboolean
check_prepared (const Preparation *p, const char *text, GError **error)
{
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse (text, strlen (text), error);
  g_autofree char *path = va_monitor_path (VA_RUNDIR, p->uuid);

  if (domain == NULL)
    return FALSE;
  if (domain->opted_in && domain->has_blobs && g_strcmp0 (domain->uuid, p->uuid) == 0
      && g_strcmp0 (domain->monitor_path, path) == 0
      && (p->registration == NULL || g_strcmp0 (domain->registration, p->registration) == 0)
      && (p->owner == NULL || g_strcmp0 (domain->owner, p->owner) == 0))
    return TRUE;
  return refuse_domain (error, _("the domain XML cannot be prepared, because its layout is unusual: run it through "
                                 "“virsh define” and “virsh dumpxml” first"));
}

static char *
prepare_text (Preparation *p, const VaDomainXml *domain, const xmlNode *launch, GError **error)
{
  g_autofree char *text = NULL;

  if (!add_uuid (p, domain, error))
    return NULL;
  add_metadata (p, launch);
  add_placeholders (p);
  add_monitor (p);
  end_at_reboot (p, domain);
  text = va_xml_layout_apply (p->layout);
  return check_prepared (p, text, error) ? g_steal_pointer (&text) : NULL;
}

char *
va_domain_xml_prepare (const char *xml, gsize size, const VaDomainWanted *wanted, GError **error)
{
  g_autoptr(VaXmlTree) tree = va_domain_tree_parse (xml, size, error);
  g_autoptr(VaDomainXml) domain = NULL;
  g_autoptr(VaXmlLayout) layout = NULL;
  g_autofree char *copy = NULL;
  Preparation p = { .tree = tree, .registration = wanted->registration, .owner = wanted->owner };
  xmlNode *launch = NULL;
  char *result;

  if (tree == NULL || !va_domain_find_launch (tree, &launch, error))
    return NULL;
  domain = va_domain_read (tree, launch, FALSE, error);
  if (domain != NULL && p.owner == NULL && domain->owner == NULL)
    p.owner = wanted->default_owner;
  if (domain == NULL || !check_can_prepare (domain, &p, error))
    return NULL;
  copy = g_strndup (xml, size);
  layout = va_xml_layout_new (copy, size, tree, error);
  if (layout == NULL)
    return NULL;
  p.layout = layout;
  p.root = xmlDocGetRootElement (tree);
  p.name = va_xml_child (p.root, "name");
  result = prepare_text (&p, domain, launch, error);
  g_free (p.uuid);
  return result;
}
