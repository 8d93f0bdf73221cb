/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

/*
 * Changes in the text of an XML document that leave every other byte as it is: a tree tells what to change, the layout
 * where it is. For src/api only.
 */
G_BEGIN_DECLS

typedef struct _VaXmlLayout VaXmlLayout;

/**
 * va_xml_layout_new: @tree must be what libxml2 made of @xml (borrowed), which has no document type declaration.
 * Returns: (transfer full): %NULL with VA_CORE_ERROR_PARSE when text and tree do not fit together
 */
VaXmlLayout *va_xml_layout_new (const char *xml, gsize size, xmlDoc *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_xml_layout_free (VaXmlLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaXmlLayout, va_xml_layout_free)

/**
 * va_xml_layout_insert_after, va_xml_layout_insert_inside, va_xml_layout_replace: each adds a change; @lines
 * (%NULL-terminated) are indented as their surroundings are. At most one insertion inside any one element.
 */
void va_xml_layout_insert_after (VaXmlLayout *layout, const xmlNode *sibling, const char *const *lines);
void va_xml_layout_insert_inside (VaXmlLayout *layout, const xmlNode *parent, const char *const *lines);
void va_xml_layout_replace (VaXmlLayout *layout, const xmlNode *element, const char *text);
/** va_xml_layout_remove: @element with the white space before it. */
void va_xml_layout_remove (VaXmlLayout *layout, const xmlNode *element);
/** va_xml_layout_set_attribute: @value needs no escaping. */
void va_xml_layout_set_attribute (VaXmlLayout *layout, const xmlNode *element, const char *name, const char *value);

/** va_xml_layout_apply: the text with all changes. Returns: (transfer full). */
char *va_xml_layout_apply (VaXmlLayout *layout);

G_END_DECLS
