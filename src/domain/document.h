/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include "domain/xml.h"

/* A domain's XML as a tree, and where things are in it. For src/api only; src/domain/xml.h is the interface. */
G_BEGIN_DECLS

#define VA_QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define VA_MONITOR_ID "virt-attest"

typedef xmlDoc VaXmlTree;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaXmlTree, xmlFreeDoc)

/**
 * va_domain_tree_parse: at most VA_DOMAIN_XML_MAX bytes; the root must be <domain>, in no namespace. A document type
 * declaration is refused before anything in it is read; nothing is fetched, no entity is expanded.
 * Errors: VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE
 */
VaXmlTree *va_domain_tree_parse (const char *xml, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_xml_is: whether @node is the element @name of @href (%NULL: of no namespace). */
gboolean va_xml_is (const xmlNode *node, const char *href, const char *name);
/** va_xml_child: the first child element @name of no namespace, as libvirt takes it; %NULL when @parent is. */
xmlNode *va_xml_child (const xmlNode *parent, const char *name);
/** va_xml_text: what is in @node without white space around it; %NULL when @node is or nothing is left. */
char *va_xml_text (const xmlNode *node);
/** va_xml_attribute: the value of the attribute @name of no namespace; %NULL when absent. */
char *va_xml_attribute (const xmlNode *node, const char *name);

/**
 * va_domain_find_launch: our metadata element, checked as schemas/domain-metadata.rng does.
 * @launch: (out): %NULL when the domain has none
 * Errors: VA_CORE_ERROR_PARSE: it does not fit, or something else in the document is in our namespace
 */
gboolean va_domain_find_launch (const VaXmlTree *tree, xmlNode **launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_domain_read: what @tree says; of a domain that opted in, everything must fit when @strict.
 * @launch: from va_domain_find_launch()
 */
VaDomainXml *va_domain_read (const VaXmlTree *tree, const xmlNode *launch, gboolean strict, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_domain_judge: sets other_scheme, obstacles, doubts and warnings of @domain, which has been read otherwise.
 * @mistake: (nullable): what was wrong with something that it has been read from
 */
void va_domain_judge (VaDomainXml *domain, const VaXmlTree *tree, const char *mistake);
/** va_domain_judge_kind: the part of it that is about what kind of domain this is. */
void va_domain_judge_kind (VaDomainXml *domain, const VaXmlTree *tree);

/** An option of QEMU's and its value: two elements <qemu:arg>, %NULL when absent. */
typedef struct {
  xmlNode *option, *value;
} VaDomainArgument;

/** In which of its forms a domain has our second monitor. The agent works with each. */
typedef enum {
  VA_DOMAIN_MONITOR_NONE,
  VA_DOMAIN_MONITOR_QMP,    /* -qmp unix:PATH,…: what “virt-attest domain prepare” writes */
  VA_DOMAIN_MONITOR_MON,    /* -chardev and -mon: what it wrote before; QEMU 11.1 deprecates -mon */
  VA_DOMAIN_MONITOR_OBJECT, /* -chardev and -object monitor-qmp, since QEMU 11.1 */
} VaDomainMonitorForm;

/** Our second monitor in <qemu:commandline>: in which form it is complete, and the parts of all forms. */
typedef struct {
  xmlNode *commandline; /* %NULL when the domain has none */
  VaDomainMonitorForm form;
  VaDomainArgument qmp, chardev, mon, object;
} VaDomainMonitor;
/** va_domain_find_monitor: @monitor points into @tree. */
void va_domain_find_monitor (const VaXmlTree *tree, VaDomainMonitor *monitor);
/** va_domain_monitor_path: where the socket is. Returns: (transfer full): %NULL when the monitor is not complete. */
char *va_domain_monitor_path (const VaDomainMonitor *monitor);
/**
 * va_domain_judge_monitor: warns of an argument that opens another monitor, or uses the place of ours.
 * @node: the argument's value, as an element; @option and @value: both as text
 */
void va_domain_judge_monitor (VaDomainXml *domain, const xmlNode *node, const char *option, const char *value,
                              const VaDomainMonitor *monitor);

G_END_DECLS
