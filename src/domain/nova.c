/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/nova.h"

#include <string.h>

#define NOVA_NAMESPACE "http://openstack.org/xmlns/libvirt/nova/1."
#define EXTRA_SPEC "virt-attest:registration"

/* Nova raises the number after the dot when it adds elements. */
static gboolean
is_nova (const xmlNode *node, const char *name)
{
  const char *href = node->type == XML_ELEMENT_NODE && node->ns != NULL ? (const char *) node->ns->href : "";

  if (!g_str_has_prefix (href, NOVA_NAMESPACE) || strcmp ((const char *) node->name, name) != 0)
    return FALSE;
  href += strlen (NOVA_NAMESPACE);
  return strlen (href) > 0 && strspn (href, "0123456789") == strlen (href);
}

/* The one child of this name; of several, none can be told to be the right one. */
static const xmlNode *
only_child (const xmlNode *parent, const char *name)
{
  const xmlNode *found = NULL;

  for (const xmlNode *child = parent != NULL ? parent->children : NULL; child != NULL; child = child->next)
    if (is_nova (child, name))
      {
        if (found != NULL)
          return NULL;
        found = child;
      }
  return found;
}

/* @text (transfer full) if it can be used: one line, not empty, not too long. */
static char *
take_name (char *text)
{
  gsize size = text != NULL ? strlen (text) : 0;
  gboolean usable = size > 0 && size <= VA_DOMAIN_NOVA_MAX;

  for (gsize i = 0; usable && i < size; i++)
    usable = !g_ascii_iscntrl (text[i]);
  if (usable)
    return text;
  g_free (text);
  return NULL;
}

static char *
take_attribute (const xmlNode *node, const char *name)
{
  return node != NULL ? take_name (va_xml_attribute (node, name)) : NULL;
}

static char *
read_root_image (const xmlNode *instance)
{
  const xmlNode *root = only_child (instance, "root");
  g_autofree char *type = take_attribute (root, "type");

  return g_strcmp0 (type, "image") == 0 ? take_attribute (root, "uuid") : NULL;
}

static char *
read_extra_spec (const xmlNode *flavor)
{
  const xmlNode *specs = only_child (flavor, "extraSpecs"), *found = NULL;

  for (const xmlNode *child = specs != NULL ? specs->children : NULL; child != NULL; child = child->next)
    {
      g_autofree char *name = is_nova (child, "extraSpec") ? va_xml_attribute (child, "name") : NULL;

      if (g_strcmp0 (name, EXTRA_SPEC) != 0)
        continue;
      if (found != NULL)
        return NULL;
      found = child;
    }
  return take_name (va_xml_text (found));
}

VaDomainNova *
va_nova_read (const VaXmlTree *tree)
{
  const xmlNode *metadata = va_xml_child (xmlDocGetRootElement (tree), "metadata");
  const xmlNode *instance = only_child (metadata, "instance"), *flavor = only_child (instance, "flavor");
  VaDomainNova *nova;

  if (instance == NULL)
    return NULL;
  nova = g_new0 (VaDomainNova, 1);
  nova->name = take_name (va_xml_text (only_child (instance, "name")));
  nova->flavor = take_attribute (flavor, "name");
  nova->project = take_attribute (only_child (only_child (instance, "owner"), "project"), "uuid");
  nova->image = read_root_image (instance);
  nova->registration = read_extra_spec (flavor);
  return nova;
}

void
va_nova_free (VaDomainNova *nova)
{
  if (nova == NULL)
    return;
  g_free (nova->name);
  g_free (nova->flavor);
  g_free (nova->project);
  g_free (nova->image);
  g_free (nova->registration);
  g_free (nova);
}
