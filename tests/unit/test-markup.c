/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libxml/parser.h>
#include <string.h>
#include "core/markup.h"

/* Our own scanner and libxml2 must agree about which domains ask for attestation. */

#define OURS "urn:virt-attest:launch:1"

typedef enum { NO, YES, UNCLEAR } Verdict;

/* @piece bytes at a time: libvirt's pipe may cut anywhere. */
static Verdict
scan (const char *xml, gsize size, gsize piece)
{
  VaMarkup markup;

  va_markup_init (&markup, OURS, NULL, NULL);
  for (gsize done = 0; done < size; done += piece)
    va_markup_feed (&markup, xml + done, MIN (piece, size - done));
  if (va_markup_declares (&markup))
    return YES;
  return va_markup_is_whole (&markup) ? NO : UNCLEAR;
}

static void
assert_verdict (const char *xml, Verdict expected)
{
  for (gsize piece = 1; piece <= strlen (xml) + 1; piece = piece * 2 + 1)
    {
      Verdict found = scan (xml, strlen (xml), piece);

      if (found != expected)
        g_error ("%d instead of %d for: %s", found, expected, xml);
    }
}

static void
test_ours (void)
{
  static const char *const ours[] = {
    "<domain><a xmlns:x='" OURS "'/></domain>",
    "<a>" OURS "</a><b xmlns=\"" OURS "\">",
    "<a xmlns:x='a>b' xmlns:y='" OURS "'/>",
    "<a xmlns:x=\"'\" xmlns:y='" OURS "'/>",
    "<a xmlns = '" OURS "' />",
    "<a\n\txmlns:x\n=\n'" OURS "'\n>",
    "<a xmlns='urn:virt-attest:launch&#58;1'/>",
    "<a xmlns='urn:virt-attest:launch&#x3a;&#0000000000000000000000000049;'/>",
    "<a/><!-- --><a xmlns='" OURS "'/>",
    "<!--->--><a xmlns='" OURS "'/>",
    "<!-- ---><a xmlns='" OURS "'/>",
    "<![CDATA[]]]]><a xmlns='" OURS "'/>",
    "<?a ?\?><a xmlns='" OURS "'/>",
    "<?xml version='1.0'?><a xmlns='" OURS "'/>",
    "<a b='/>'/><c xmlns='" OURS "'/>",
    "<x:a b='1' xmlns:x='" OURS "' c='2'",
    "<a xmlns:xmlnsx='" OURS "'/>",
    "<a xmlns:_='" OURS "'/>",
    "<a xmlns:é='" OURS "'/>",
    "<a xmlns:xml1='" OURS "'/>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    assert_verdict (ours[i], YES);
}

static void
test_not_ours (void)
{
  static const char *const others[] = {
    "",
    OURS,
    "<domain/>",
    "<a>" OURS "</a>",
    "<a/>" OURS,
    "<a xmlns='urn:virt-attest:launch:'/>1",
    "<a xmlns='urn:virt-attest:launch:2'/>",
    "<a xmlns='" OURS "0'/>",
    "<a xmlns='" OURS " '/>",
    "<a xmlns=' " OURS "'/>",
    "<a xmlns='URN:VIRT-ATTEST:LAUNCH:1'/>",
    "<a>&lt;b xmlns='" OURS "'/&gt;</a>",
    "<a b='" OURS "'/>",
    "<a xmlnsx='" OURS "'/>",
    "<a axmlns='" OURS "'/>",
    "<a x:xmlns='" OURS "'/>",
    "<a xmlns.a='" OURS "'/>",
    "<!-- <a xmlns='" OURS "'/> -->",
    "<![CDATA[<a xmlns='" OURS "'/>]]>",
    "<?a xmlns='" OURS "'?>",
    "<a b=\"xmlns='" OURS "'\"/>",
    "<a b='&lt;c xmlns=&quot;" OURS "&quot;'/>",
    "<a xmlns='x" OURS "'/>",
    "<a xmlns:xml='" OURS "'/>",
    "<a xmlns:xmlns='" OURS "'/>",
    "<a xmlns='&#117;rn:virt-attest:launch:&#49;&#48;'/>",
    "<a xmlns='urn:virt-attest:launch:&#x131;'/>",
    "<a xmlns=''/>",
    "</a xmlns='" OURS "'>",
    "<a xmlns:='" OURS "'/>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    assert_verdict (others[i], NO);
}

/* What ends in the middle may go on with ours; what we do not read may have it inside. */
static void
test_unclear (void)
{
  static const char *const cut[] = {
    "<",
    "<a",
    "<a ",
    "<a xmlns",
    "<a xmlns=",
    "<a xmlns='",
    "<a xmlns='urn:virt-attest:launch:1",
    "<a b='&",
    "<a b='x",
    "<!",
    "<!-",
    "<!--",
    "<!-- ",
    "<!-- -",
    "<!-- --",
    "<![CDATA[",
    "<![CDATA[ ]]",
    "<?",
    "<?a ?",
    "</",
    "</a",
    "<!DOCTYPE a>",
    "<!DOCTYPE a><b/>",
    "<!ELEMENT",
    "<![INCLUDE[",
    "<!-x",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cut); i++)
    assert_verdict (cut[i], UNCLEAR);
}

static gboolean
declared_at_or_below (const xmlNode *node)
{
  if (node->type != XML_ELEMENT_NODE)
    return FALSE;
  for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next)
    if (ns->href != NULL && strcmp ((const char *) ns->href, OURS) == 0)
      return TRUE;
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (declared_at_or_below (child))
      return TRUE;
  return FALSE;
}

/* What libxml2 says; UNCLEAR when it is no XML, or the names in it are none. */
static Verdict
parse (const char *xml, gsize size)
{
  xmlParserCtxt *context = xmlNewParserCtxt ();
  xmlDoc *tree =
    xmlCtxtReadMemory (context, xml, (int) size, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  Verdict verdict = UNCLEAR;

  if (tree != NULL && declared_at_or_below (xmlDocGetRootElement (tree)))
    verdict = YES;
  else if (tree != NULL && context->nsWellFormed)
    verdict = NO;
  xmlFreeParserCtxt (context);
  xmlFreeDoc (tree);
  return verdict;
}

static const char *
pick (const char *const *from)
{
  return from[g_test_rand_int_range (0, (gint32) g_strv_length ((char **) from))];
}

/* Whatever XML allows in the way of our namespace, and its look-alikes, near what ends a tag, a comment or a value. */
static void
append_attribute (GString *xml, guint number)
{
  static const char *const names[] = { "xmlns",       "xmlns:p", "xmlns:xml",
                                       "xmlns:xmlns", "a",       "xmlnsa",
                                       "xml:lang",    "p.xmlns", "xmlns:long-enough-to-be-cut",
                                       "xmlns:a:b",   NULL };
  static const char *const blanks[] = { " ", "  ", "\n", "\t ", "\r\n", NULL };
  static const char *const equals[] = { "=", " =", "= ", "\n=\n", NULL };
  static const char *const values[] = { OURS,
                                        OURS,
                                        OURS,
                                        OURS "0",
                                        " " OURS,
                                        OURS " ",
                                        "urn:a>b",
                                        "",
                                        "a&amp;b",
                                        "a&gt;b",
                                        "urn:virt-attest:launch&#58;1",
                                        "&#x75;rn:virt-attest:launch:&#0049;",
                                        "--&gt;",
                                        "urn:virt-attest:&#108;aunch:&#x31;",
                                        "/>",
                                        "-->",
                                        "]]>",
                                        "?>",
                                        "&#x131;",
                                        "é",
                                        "urn:virt-attest:launch:&quot;1",
                                        "&lt;a xmlns=",
                                        NULL };
  const char *quote = g_test_rand_bit () ? "'" : "\"", *name = pick (names);

  /* One name at most once in a tag, or it is no XML. */
  if (strchr (name, ':') == NULL || g_str_has_suffix (name, ":p"))
    g_string_append_printf (xml, "%s%s%s%u%s%s%s%s", pick (blanks), strcmp (name, "xmlns") == 0 ? "" : name,
                            strcmp (name, "xmlns") == 0 ? "xmlns:n" : "", number, pick (equals), quote, pick (values),
                            quote);
  else if (number == 0)
    g_string_append_printf (xml, "%s%s%s%s%s%s", pick (blanks), name, pick (equals), quote, pick (values), quote);
}

static void
append_default (GString *xml)
{
  static const char *const values[] = { OURS, OURS "0", "urn:other", "a>b", "", "urn:virt-attest:launch:&#49;", NULL };

  if (g_test_rand_int_range (0, 6) == 0)
    g_string_append_printf (xml, " xmlns='%s'", pick (values));
}

static void
append_content (GString *xml)
{
  static const char *const pieces[] = { "text",
                                        "&lt;a xmlns='" OURS "'/&gt;",
                                        "<!-- <a xmlns='" OURS "'/> -->",
                                        "<!---->",
                                        "<![CDATA[<a xmlns='" OURS "'/>]]>",
                                        "<![CDATA[]]]>",
                                        "<?pi xmlns='" OURS "'?>",
                                        "<?pi ?\?>",
                                        "'",
                                        "\"",
                                        ">",
                                        "/>",
                                        OURS,
                                        "<!-- - -> ' -->",
                                        "<![CDATA[ ]] > ]]]]>",
                                        "\n  ",
                                        "é",
                                        "&#38;",
                                        NULL };

  g_string_append (xml, pick (pieces));
}

static void
append_element (GString *xml, guint depth)
{
  static const char *const names[] = { "a", "domain", "metadata", "launch", "xmlns", "b.c-d_e", NULL };
  const char *name = pick (names);
  guint attributes = (guint) g_test_rand_int_range (0, 4);

  g_string_append_printf (xml, "<%s", name);
  append_default (xml);
  for (guint i = 0; i < attributes; i++)
    append_attribute (xml, i);
  if (g_test_rand_int_range (0, 3) == 0)
    {
      g_string_append (xml, g_test_rand_bit () ? "/>" : " />");
      return;
    }
  g_string_append (xml, g_test_rand_bit () ? ">" : "\n>");
  for (gint32 i = g_test_rand_int_range (0, 4); i > 0; i--)
    if (depth < 4 && g_test_rand_bit ())
      append_element (xml, depth + 1);
    else
      append_content (xml);
  g_string_append_printf (xml, "</%s%s>", name, g_test_rand_bit () ? "" : " ");
}

static void
assert_same (const char *xml, gsize size, guint counts[3])
{
  Verdict theirs = parse (xml, size), ours;

  counts[theirs]++;
  if (theirs == UNCLEAR)
    return;
  ours = scan (xml, size, (gsize) g_test_rand_int_range (1, 64));
  if (ours != theirs)
    g_error ("the scanner says %d, libxml2 says %d: %.*s", ours, theirs, (int) size, xml);
}

static void
test_same_as_libxml2 (void)
{
  guint counts[3] = { 0 };

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr(GString) xml = g_string_new (NULL);

      append_element (xml, 0);
      assert_same (xml->str, xml->len, counts);
      /* Most of these are no XML any more; of those that are, the two must still think the same. */
      for (guint cuts = 0; cuts < 2; cuts++)
        {
          g_autoptr(GString) other = g_string_new_len (xml->str, (gssize) xml->len);

          other->str[g_test_rand_int_range (0, (gint32) other->len)] =
            "<>'\"&;=/!-?x \n"[g_test_rand_int_range (0, 14)];
          assert_same (other->str, other->len, counts);
        }
    }
  g_test_message ("%u with a declaration, %u without, %u no XML", counts[YES], counts[NO], counts[UNCLEAR]);
  g_assert_cmpuint (counts[YES], >, 2000);
  g_assert_cmpuint (counts[NO], >, 2000);
}

static void
on_tag (VaTagKind kind, gsize start, gsize end, gpointer data)
{
  g_string_append_printf (data, "%c%" G_GSIZE_FORMAT "-%" G_GSIZE_FORMAT " ", "SXE"[kind], start, end);
}

static void
test_tags (void)
{
  static const char xml[] = "<a b='>'><!--<c>--><d/>t</a >";
  g_autoptr(GString) tags = g_string_new (NULL);
  VaMarkup markup;

  va_markup_init (&markup, NULL, on_tag, tags);
  va_markup_feed (&markup, xml, 5);
  va_markup_feed (&markup, xml + 5, strlen (xml) - 5);
  g_assert_cmpstr (tags->str, ==, "S0-9 E19-23 X24-29 ");
  g_assert_false (va_markup_declares (&markup));
  g_assert_true (va_markup_is_whole (&markup));
}

static void
on_nothing (void *data, const char *format, ...)
{
}

static void
test_sought (void)
{
  static const VaMarkupSought sev = { "launchSecurity", "type", "sev" };
  static const struct {
    const char *text;
    gboolean found;
  } cases[] = {
    { "<domain><launchSecurity type='sev'>", TRUE },
    { "<a><launchSecurity\n x='y' type = \"&#115;e&#x76;\"/></a>", TRUE },
    { "<domain xmlns='x'><launchSecurity type='sev' kernelHashes='no'>", TRUE },
    { "<domain><launchSecurity type='sev-snp'>", FALSE },
    { "<domain><launchSecurity type='se'><x type='v'/>", FALSE },
    { "<domain><launchSecurity/><a type='sev'/>", FALSE },
    { "<domain><launchSecurity><a type='sev'/>", FALSE },
    { "<domain><launchSecurityX type='sev'/><xlaunchSecurity type='sev'/><x:launchSecurity type='sev'/>", FALSE },
    { "<domain><launchSecurity x:type='sev' types='sev' typ='sev'/>", FALSE },
    { "<!-- <launchSecurity type='sev'> --><a b='<launchSecurity type=\"sev\">'/><?p <launchSecurity type='sev'?>",
      FALSE },
    { "<a><![CDATA[<launchSecurity type='sev'>]]>&lt;launchSecurity type='sev'></a>", FALSE },
    { "<a></launchSecurity type='sev'></a>", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 40; piece += 6)
      {
        gsize size = strlen (cases[i].text);
        VaMarkup markup;

        va_markup_init (&markup, "urn:virt-attest:launch:1", NULL, NULL);
        va_markup_seek (&markup, &sev);
        for (gsize done = 0; done < size; done += piece)
          va_markup_feed (&markup, cases[i].text + done, MIN (piece, size - done));
        g_test_message ("%s", cases[i].text);
        g_assert_cmpint (va_markup_has_sought (&markup), ==, cases[i].found);
        g_assert_false (va_markup_declares (&markup));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  xmlSetGenericErrorFunc (NULL, on_nothing);
  g_test_add_func ("/markup/ours", test_ours);
  g_test_add_func ("/markup/not-ours", test_not_ours);
  g_test_add_func ("/markup/unclear", test_unclear);
  g_test_add_func ("/markup/tags", test_tags);
  g_test_add_func ("/markup/sought", test_sought);
  g_test_add_func ("/markup/same-as-libxml2", test_same_as_libxml2);
  return g_test_run ();
}
