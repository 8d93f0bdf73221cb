/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/document.h"

#include <libxml/parser.h>
#include <string.h>
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/peer-name.h"

typedef struct {
  xmlParserCtxt *context;
  gboolean has_doctype;
} Parser;

static gboolean
refuse_document (GError **error, const char *message)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s", message);
}

/* Called at "<!DOCTYPE NAME", before its inside is read. */
static void
on_doctype (void *data, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
  xmlParserCtxt *context = data;
  Parser *parser = context->_private;

  parser->has_doctype = TRUE;
  xmlStopParser (context);
}

#if LIBXML_VERSION >= 21200
typedef const xmlError *ReportedError;
#else
typedef xmlError *ReportedError;
#endif

/* What cannot be converted is reported past the parser's own settings, and would land on standard error. */
static void
ignore_xml_error (void *data, ReportedError error)
{
  (void) data, (void) error;
}

static xmlDoc *
read_tree (const char *xml, gsize size, GError **error)
{
  Parser parser = { xmlNewParserCtxt (), FALSE };
  xmlStructuredErrorFunc before = xmlStructuredError;
  void *before_data = xmlStructuredErrorContext;
  xmlDoc *tree;

  if (parser.context == NULL)
    g_error ("libxml2: out of memory");
  parser.context->_private = &parser;
  parser.context->sax->internalSubset = on_doctype;
  xmlSetStructuredErrorFunc (NULL, ignore_xml_error); /* of this thread */
  tree = xmlCtxtReadMemory (parser.context, xml, (int) size, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlSetStructuredErrorFunc (before_data, before);
  if (parser.has_doctype)
    {
      g_clear_pointer (&tree, xmlFreeDoc);
      refuse_document (error, _("the domain XML has a document type declaration: remove the <!DOCTYPE …>"));
    }
  else if (tree == NULL)
    {
      const xmlError *last = xmlCtxtGetLastError (parser.context);

      /* Not libxml2's own message: that repeats parts of the document, which may have passwords of consoles in it. */
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("the domain XML is not well-formed: check the tags, quotes and entities before line %d, column "
                     "%d"),
                   last != NULL ? last->line : 0, last != NULL ? last->int2 : 0);
    }
  xmlFreeParserCtxt (parser.context);
  return tree;
}

VaXmlTree *
va_domain_tree_parse (const char *xml, gsize size, GError **error)
{
  g_autoptr(VaXmlTree) tree = NULL;
  xmlNode *root;

  if (size > VA_DOMAIN_XML_MAX)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("the domain XML is larger than %d bytes"),
                   VA_DOMAIN_XML_MAX);
      return NULL;
    }
  tree = read_tree (xml, size, error);
  if (tree == NULL)
    return NULL;
  root = xmlDocGetRootElement (tree);
  if (root != NULL && va_xml_is (root, NULL, "domain"))
    return g_steal_pointer (&tree);
  refuse_document (error, _("the XML is not a domain: its root element must be <domain>"));
  return NULL;
}

gboolean
va_xml_is (const xmlNode *node, const char *href, const char *name)
{
  const char *ns = node->ns != NULL ? (const char *) node->ns->href : NULL;

  return node->type == XML_ELEMENT_NODE && g_strcmp0 (ns, href) == 0 && strcmp ((const char *) node->name, name) == 0;
}

xmlNode *
va_xml_child (const xmlNode *parent, const char *name)
{
  for (xmlNode *child = parent != NULL ? parent->children : NULL; child != NULL; child = child->next)
    if (va_xml_is (child, NULL, name))
      return child;
  return NULL;
}

static char *
take_text (xmlChar *text)
{
  char *copy = g_strdup ((const char *) text);

  xmlFree (text);
  return copy;
}

char *
va_xml_text (const xmlNode *node)
{
  g_autofree char *text = node != NULL ? take_text (xmlNodeGetContent (node)) : NULL;

  if (text == NULL || g_strstrip (text)[0] == '\0')
    return NULL;
  return g_steal_pointer (&text);
}

char *
va_xml_attribute (const xmlNode *node, const char *name)
{
  return take_text (xmlGetNoNsProp (node, (const xmlChar *) name));
}

static gboolean
namespace_is_ours (const xmlNs *ns)
{
  return ns != NULL && strcmp ((const char *) ns->href, VA_DOMAIN_NAMESPACE) == 0;
}

/* Whether anything at or below @node other than @launch is in our namespace, or, where there is no @launch, declares
   it: the hook takes a declaration for an opt-in, so what declares it must never be taken for a domain that has not
   opted in. */
static gboolean
has_other_of_ours (const xmlNode *node, const xmlNode *launch)
{
  if (node->type != XML_ELEMENT_NODE)
    return FALSE;
  if (node != launch && namespace_is_ours (node->ns))
    return TRUE;
  for (const xmlNs *ns = node->nsDef; launch == NULL && ns != NULL; ns = ns->next)
    if (namespace_is_ours (ns))
      return TRUE;
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (namespace_is_ours (attribute->ns))
      return TRUE;
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (has_other_of_ours (child, launch))
      return TRUE;
  return FALSE;
}

static gboolean
is_known_attribute (const xmlAttr *attribute)
{
  static const char *const known[] = { "id", "mode", "owner", NULL };

  return attribute->ns == NULL && g_strv_contains (known, (const char *) attribute->name);
}

static gboolean
check_attributes (const xmlNode *launch, GError **error)
{
  g_autofree char *owner = va_xml_attribute (launch, "owner");
  g_autofree char *id = va_xml_attribute (launch, "id");
  g_autofree char *mode = va_xml_attribute (launch, "mode");

  for (const xmlAttr *attribute = launch->properties; attribute != NULL; attribute = attribute->next)
    if (!is_known_attribute (attribute))
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                     _("metadata <launch>: attribute “%s” is unknown: only id, mode and owner are allowed"),
                     (const char *) attribute->name);
        return FALSE;
      }
  if (g_strcmp0 (mode, "required") != 0)
    return refuse_document (error, _("metadata <launch>: mode must be \"required\""));
  if (id != NULL && !va_uuid_is_canonical (id))
    return refuse_document (error, _("metadata <launch>: id must be a UUID in lower case"));
  if (owner != NULL && !va_peer_name_is_valid (owner))
    return refuse_document (error,
                            _("metadata <launch>: owner must be the name of an owner: 1 to 64 of a-z 0-9 . _ -"));
  return TRUE;
}

static gboolean
check_launch_empty (const xmlNode *launch, GError **error)
{
  for (const xmlNode *child = launch->children; child != NULL; child = child->next)
    if (child->type != XML_COMMENT_NODE && child->type != XML_PI_NODE && !xmlIsBlankNode (child))
      return refuse_document (error, _("metadata <launch>: it must be empty"));
  return TRUE;
}

gboolean
va_domain_find_launch (const VaXmlTree *tree, xmlNode **launch, GError **error)
{
  const xmlNode *root = xmlDocGetRootElement (tree);
  const xmlNode *metadata = va_xml_child (root, "metadata");

  *launch = NULL;
  for (xmlNode *child = metadata != NULL ? metadata->children : NULL; child != NULL && *launch == NULL;
       child = child->next)
    if (va_xml_is (child, VA_DOMAIN_NAMESPACE, "launch"))
      *launch = child;
  if (has_other_of_ours (root, *launch))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("the namespace %s may have one element in a domain: <launch>, directly in <metadata>"),
                   VA_DOMAIN_NAMESPACE);
      return FALSE;
    }
  return *launch == NULL || (check_attributes (*launch, error) && check_launch_empty (*launch, error));
}
