/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/layout.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/markup.h"

/* Offsets of one element: "<a>" from start to content, "</a>" from content_end to end. All alike in "<a/>". */
typedef struct {
  gsize start, content, content_end, end;
  gboolean is_short; /* "<a/>" */
} Extent;

typedef struct {
  gsize offset, removed;
  guint order;
  char *text;
} Change;

struct _VaXmlLayout {
  const char *xml;
  gsize size;
  GArray *extents; /* of Extent, in document order; a node's index is in its _private */
  GArray *changes; /* of Change */
};

static void
change_clear (gpointer data)
{
  g_free (((Change *) data)->text);
}

typedef struct {
  VaXmlLayout *layout;
  GArray *open; /* of guint: indexes of elements whose end tag is still to come */
} TagScan;

static void
take_start_tag (const TagScan *scan, gsize start, gsize end, gboolean is_short)
{
  Extent extent = { .start = start, .content = end, .content_end = end, .end = end, .is_short = is_short };
  guint index = scan->layout->extents->len;

  g_array_append_val (scan->layout->extents, extent);
  if (!is_short)
    g_array_append_val (scan->open, index);
}

static void
take_end_tag (const TagScan *scan, gsize start, gsize end)
{
  Extent *extent;

  if (scan->open->len == 0)
    return;
  extent = &g_array_index (scan->layout->extents, Extent, g_array_index (scan->open, guint, scan->open->len - 1));
  extent->content_end = start;
  extent->end = end;
  g_array_set_size (scan->open, scan->open->len - 1);
}

static void
on_tag (VaTagKind kind, gsize start, gsize end, gpointer data)
{
  if (kind == VA_TAG_END)
    take_end_tag (data, start, end);
  else
    take_start_tag (data, start, end, kind == VA_TAG_EMPTY);
}

static void
scan_text (VaXmlLayout *layout)
{
  g_autoptr(GArray) open = g_array_new (FALSE, FALSE, sizeof (guint));
  TagScan scan = { layout, open };
  VaMarkup markup;

  va_markup_init (&markup, NULL, on_tag, &scan);
  va_markup_feed (&markup, layout->xml, layout->size);
}

static void
number_elements (xmlNode *node, guint *count)
{
  if (node->type != XML_ELEMENT_NODE)
    return;
  node->_private = GUINT_TO_POINTER (*count);
  ++*count;
  for (xmlNode *child = node->children; child != NULL; child = child->next)
    number_elements (child, count);
}

VaXmlLayout *
va_xml_layout_new (const char *xml, gsize size, xmlDoc *tree, GError **error)
{
  g_autoptr(VaXmlLayout) layout = g_new0 (VaXmlLayout, 1);
  guint count = 0;

  layout->xml = xml;
  layout->size = size;
  layout->extents = g_array_new (FALSE, FALSE, sizeof (Extent));
  layout->changes = g_array_new (FALSE, FALSE, sizeof (Change));
  g_array_set_clear_func (layout->changes, change_clear);
  scan_text (layout);
  number_elements (xmlDocGetRootElement (tree), &count);
  if (count == layout->extents->len)
    return g_steal_pointer (&layout);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("the XML's encoding cannot be edited in place: convert the file to UTF-8"));
  return NULL;
}

void
va_xml_layout_free (VaXmlLayout *layout)
{
  g_array_unref (layout->extents);
  g_array_unref (layout->changes);
  g_free (layout);
}

static const Extent *
extent_of (const VaXmlLayout *layout, const xmlNode *node)
{
  return &g_array_index (layout->extents, Extent, GPOINTER_TO_UINT (node->_private));
}

static void
add_change (VaXmlLayout *layout, gsize offset, gsize removed, char *text)
{
  Change change = { offset, removed, layout->changes->len, text };

  g_array_append_val (layout->changes, change);
}

/* The line break and white space before @offset, if nothing else is on its line; else %NULL. */
static char *
indent_before (const VaXmlLayout *layout, gsize offset)
{
  gsize from = offset;

  while (from > 0 && (layout->xml[from - 1] == ' ' || layout->xml[from - 1] == '\t'))
    from--;
  if (from > 0 && layout->xml[from - 1] != '\n')
    return NULL;
  return g_strdup_printf ("\n%.*s", (int) (offset - from), layout->xml + from);
}

static char *
join_lines (const char *const *lines, const char *indent)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = lines[i];

      /* Without line breaks around it, the text gets none, and no indentation either. */
      if (indent == NULL)
        line += strspn (line, " ");
      else
        g_string_append (text, indent);
      g_string_append (text, line);
    }
  return g_string_free (text, FALSE);
}

void
va_xml_layout_insert_after (VaXmlLayout *layout, const xmlNode *sibling, const char *const *lines)
{
  const Extent *extent = extent_of (layout, sibling);
  g_autofree char *indent = indent_before (layout, extent->start);

  add_change (layout, extent->end, 0, join_lines (lines, indent));
}

static const xmlNode *
first_element (const xmlNode *parent)
{
  const xmlNode *child = parent->children;

  while (child != NULL && child->type != XML_ELEMENT_NODE)
    child = child->next;
  return child;
}

/* "<a/>" becomes "<a>…</a>"; the name in the end tag is that of the start tag. */
static void
open_short_element (VaXmlLayout *layout, const Extent *extent, const char *body, const char *own)
{
  const char *name = layout->xml + extent->start + 1;

  add_change (layout, extent->end - 2, 2,
              g_strdup_printf (">%s%s</%.*s>", body, own != NULL ? own : "", (int) strcspn (name, " \t\r\n/"), name));
}

void
va_xml_layout_insert_inside (VaXmlLayout *layout, const xmlNode *parent, const char *const *lines)
{
  const Extent *extent = extent_of (layout, parent);
  const xmlNode *first = first_element (parent);
  g_autofree char *own = indent_before (layout, extent->start);
  g_autofree char *deeper = own != NULL ? g_strconcat (own, "  ", NULL) : NULL;
  g_autofree char *as_first = first != NULL ? indent_before (layout, extent_of (layout, first)->start) : NULL;
  g_autofree char *body = join_lines (lines, first != NULL ? as_first : deeper);
  gsize offset = extent->content_end;

  if (extent->is_short)
    {
      open_short_element (layout, extent, body, own);
      return;
    }
  while (offset > extent->content && strchr (" \t\r\n", layout->xml[offset - 1]) != NULL)
    offset--;
  /* Where the end tag had no line of its own because nothing was inside. */
  if (first == NULL && own != NULL && offset == extent->content_end)
    add_change (layout, offset, 0, g_strconcat (body, own, NULL));
  else
    add_change (layout, offset, 0, g_steal_pointer (&body));
}

void
va_xml_layout_replace (VaXmlLayout *layout, const xmlNode *element, const char *text)
{
  const Extent *extent = extent_of (layout, element);

  add_change (layout, extent->start, extent->end - extent->start, g_strdup (text));
}

void
va_xml_layout_remove (VaXmlLayout *layout, const xmlNode *element)
{
  const Extent *extent = extent_of (layout, element);
  gsize from = extent->start;

  while (from > 0 && strchr (" \t\r\n", layout->xml[from - 1]) != NULL)
    from--;
  add_change (layout, from, extent->end - from, g_strdup (""));
}

/* Where the value of @name is in the start tag at @p; attributes are NAME, "=", quoted value, with white space. */
static gboolean
find_attribute (const char *p, const char *end, const char *name, const char **value, gsize *length)
{
  p += strcspn (p, " \t\r\n/>");
  while (TRUE)
    {
      const char *start, *close;
      gsize size;

      p += strspn (p, " \t\r\n");
      start = p;
      size = strcspn (p, " \t\r\n=/>");
      if (p >= end || size == 0)
        return FALSE;
      p += size;
      p += strspn (p, " \t\r\n=");
      close = memchr (p + 1, *p, (gsize) (end - p - 1));
      if (close == NULL)
        return FALSE;
      if (size == strlen (name) && memcmp (start, name, size) == 0)
        {
          *value = p + 1;
          *length = (gsize) (close - p - 1);
          return TRUE;
        }
      p = close + 1;
    }
}

void
va_xml_layout_set_attribute (VaXmlLayout *layout, const xmlNode *element, const char *name, const char *text)
{
  const Extent *extent = extent_of (layout, element);
  const char *tag = layout->xml + extent->start;
  const char *value;
  gsize length;

  if (find_attribute (tag, layout->xml + extent->content, name, &value, &length))
    add_change (layout, (gsize) (value - layout->xml), length, g_strdup (text));
  else
    add_change (layout, extent->start + strcspn (tag, " \t\r\n/>"), 0, g_strdup_printf (" %s=\"%s\"", name, text));
}

static int
compare_changes (gconstpointer a, gconstpointer b)
{
  const Change *x = a, *y = b;

  if (x->offset != y->offset)
    return x->offset < y->offset ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

char *
va_xml_layout_apply (VaXmlLayout *layout)
{
  GString *text = g_string_sized_new (layout->size + 2048);
  gsize done = 0;

  g_array_sort (layout->changes, compare_changes);
  for (guint i = 0; i < layout->changes->len; i++)
    {
      const Change *change = &g_array_index (layout->changes, Change, i);

      g_string_append_len (text, layout->xml + done, (gssize) (change->offset - done));
      g_string_append (text, change->text);
      done = change->offset + change->removed;
    }
  g_string_append_len (text, layout->xml + done, (gssize) (layout->size - done));
  return g_string_free (text, FALSE);
}
