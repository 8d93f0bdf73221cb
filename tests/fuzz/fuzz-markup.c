/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libxml/parser.h>
#include <string.h>
#include "core/markup.h"
#include "fuzz.h"

/* What the hook thinks of a domain must be what an XML parser thinks of it, however the text is cut into pieces. */

#define OURS "urn:virt-attest:launch:1"

typedef enum { NO, YES, UNCLEAR } Verdict;

static Verdict
scan (const char *text, gsize size, gsize piece)
{
  VaMarkup markup;

  va_markup_init (&markup, OURS, NULL, NULL);
  for (gsize done = 0; done < size; done += piece)
    va_markup_feed (&markup, text + done, MIN (piece, size - done));
  if (va_markup_declares (&markup))
    return YES;
  return va_markup_is_whole (&markup) ? NO : UNCLEAR;
}

static gboolean
declared_at_or_below (const xmlNode *node)
{
  if (node == NULL || node->type != XML_ELEMENT_NODE)
    return FALSE;
  for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next)
    if (ns->href != NULL && strcmp ((const char *) ns->href, OURS) == 0)
      return TRUE;
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (declared_at_or_below (child))
      return TRUE;
  return FALSE;
}

static Verdict
parse (const char *text, gsize size)
{
  xmlParserCtxt *context = xmlNewParserCtxt ();
  xmlDoc *tree = xmlCtxtReadMemory (context, text, (int) size, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  Verdict verdict = UNCLEAR;

  if (tree != NULL && declared_at_or_below (xmlDocGetRootElement (tree)))
    verdict = YES;
  else if (tree != NULL && context->nsWellFormed)
    verdict = NO;
  xmlFreeParserCtxt (context);
  xmlFreeDoc (tree);
  return verdict;
}

static void
on_error (void *data, const char *format, ...)
{
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = (const char *) data;
  Verdict ours = scan (text, size, size + 1);
  Verdict theirs;

  xmlSetGenericErrorFunc (NULL, on_error);
  theirs = parse (text, size);
  g_assert_cmpint (scan (text, size, 1), ==, ours);
  g_assert_cmpint (scan (text, size, 7), ==, ours);
  if (theirs == YES)
    g_assert_cmpint (ours, !=, NO);
  else if (theirs == NO)
    g_assert_cmpint (ours, !=, YES);
  return 0;
}
