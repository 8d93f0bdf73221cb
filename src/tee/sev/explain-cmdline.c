/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/explain-private.h"

#include <string.h>
#include "core/i18n.h"

/* Command lines that differ from the expected one in white space and quotes, which people do not see. */

#define BLANKS " \t\r\n"
#define INDENT_MAX 24 /* blanks at the beginning of a line */
#define TABS_MAX 6
#define WORDS_MAX 256
#define SHOWN_MAX 200 /* bytes of a command line in a sentence */

typedef struct {
  VaExplainVariant visit;
  gpointer data;
} Visitor;

static gboolean
visit_cmdline (const Visitor *visitor, const char *before, const char *text, const char *after)
{
  g_autofree char *variant = g_strconcat (before, text, after, NULL);

  return visitor->visit (variant, visitor->data);
}

static void
add_repeated (GPtrArray *list, const char *before, char what, guint most)
{
  for (guint i = 0; i <= most; i++)
    {
      g_autofree char *blanks = g_strnfill (i, what);

      g_ptr_array_add (list, g_strconcat (before, blanks, NULL));
    }
}

/* A line break and how the next line is indented. */
static GPtrArray *
line_breaks (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);

  add_repeated (list, "\n", ' ', INDENT_MAX);
  add_repeated (list, "\n\t", '\t', TABS_MAX - 1);
  add_repeated (list, "\r\n", ' ', INDENT_MAX);
  add_repeated (list, "\r\n\t", '\t', TABS_MAX - 1);
  g_ptr_array_add (list, g_strdup ("\r"));
  g_ptr_array_add (list, g_strdup ("\n\n"));
  return list;
}

/* White space that text may have at an end. */
static GPtrArray *
list_endings (void)
{
  GPtrArray *list = line_breaks ();

  add_repeated (list, " ", ' ', 7);
  add_repeated (list, "\t", '\t', 3);
  g_ptr_array_add (list, g_strdup (" \n"));
  g_ptr_array_add (list, g_strdup (" \r\n"));
  return list;
}

/* Whether one editor makes both: no line breaks of two kinds, nor more blanks at the end than at the beginning. */
static gboolean
are_alike (const char *before, const char *after)
{
  gboolean breaks = strpbrk (before, "\r\n") != NULL && strpbrk (after, "\r\n") != NULL;

  return !breaks || (before[0] == after[0] && strlen (after) <= strlen (before));
}

/* @text with different white space before and after it. */
static gboolean
try_ends (const Visitor *visitor, const char *text)
{
  g_autoptr(GPtrArray) list = list_endings ();

  if (visit_cmdline (visitor, "", text, ""))
    return TRUE;
  for (guint i = 0; i < list->len; i++)
    if (visit_cmdline (visitor, "", text, list->pdata[i]) || visit_cmdline (visitor, list->pdata[i], text, ""))
      return TRUE;
  for (guint i = 0; i < list->len; i++)
    for (guint j = 0; j < list->len; j++)
      if (are_alike (list->pdata[i], list->pdata[j]) && visit_cmdline (visitor, list->pdata[i], text, list->pdata[j]))
        return TRUE;
  return FALSE;
}

/* @text without any of @characters. */
static char *
remove_characters (const char *text, const char *characters)
{
  GString *rest = g_string_new (NULL);

  for (; *text != '\0'; text++)
    if (strchr (characters, *text) == NULL)
      g_string_append_c (rest, *text);
  return g_string_free (rest, FALSE);
}

static char *
replace_text (const char *text, const char *from, const char *to)
{
  g_auto(GStrv) parts = g_strsplit (text, from, -1);

  return g_strjoinv (to, parts);
}

/* @text between two equal quotes without them; else %NULL. */
static char *
remove_quotes (const char *text)
{
  gsize length = strlen (text);

  return length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0]
           ? g_strndup (text + 1, length - 2)
           : NULL;
}

static gboolean
try_quotes (const Visitor *visitor, const char *text)
{
  static const char *const quotes[] = { "\"", "'", "`", "“", "”", "\\\"" };
  static const char *const after[] = { "", "\n", "\r\n", " " };
  static const char *const entities[][2] = { { "&", "&amp;" }, { "\"", "&quot;" }, { "<", "&lt;" }, { "\"", "\\\"" } };
  g_autofree char *inner = remove_quotes (text), *no_double = remove_characters (text, "\"");
  g_autofree char *no_single = remove_characters (text, "'");
  g_autofree char *no_quotes = remove_characters (text, "\"'\\");

  for (gsize i = 0; i < G_N_ELEMENTS (quotes); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (after); j++)
      {
        g_autofree char *end = g_strconcat (quotes[i], after[j], NULL);

        if (visit_cmdline (visitor, quotes[i], text, end) || visit_cmdline (visitor, quotes[i], text, after[j])
            || visit_cmdline (visitor, "", text, end))
          return TRUE;
      }
  for (gsize i = 0; i < G_N_ELEMENTS (entities); i++)
    {
      g_autofree char *escaped = replace_text (text, entities[i][0], entities[i][1]);
      g_autofree char *plain = replace_text (text, entities[i][1], entities[i][0]);

      if (visit_cmdline (visitor, "", escaped, "") || visit_cmdline (visitor, "", plain, ""))
        return TRUE;
    }
  if (inner != NULL && try_ends (visitor, inner))
    return TRUE;
  return visit_cmdline (visitor, "“", text, "”") || visit_cmdline (visitor, "\xef\xbb\xbf", text, "")
         || visit_cmdline (visitor, "", no_double, "") || visit_cmdline (visitor, "", no_single, "")
         || visit_cmdline (visitor, "", no_quotes, "");
}

/* The words of @text, which white space separates. */
static char **
split_arguments (const char *text)
{
  g_autofree char *spaced = g_strdelimit (g_strdup (text), BLANKS, ' ');
  g_auto(GStrv) all = g_strsplit (spaced, " ", -1);
  GPtrArray *words = g_ptr_array_new ();

  for (guint i = 0; all[i] != NULL; i++)
    if (all[i][0] != '\0')
      g_ptr_array_add (words, g_strdup (all[i]));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}

/* Line breaks at both ends as well, the last one with as many blanks or fewer. */
static gboolean
try_indented (const Visitor *visitor, const char *text, const char *line_break)
{
  gsize length = strlen (line_break), first = strspn (line_break, "\r\n");

  if (visit_cmdline (visitor, "", text, "") || visit_cmdline (visitor, line_break, text, ""))
    return TRUE;
  for (gsize i = first; i <= length; i++)
    {
      g_autofree char *end = g_strndup (line_break, i);

      if (visit_cmdline (visitor, line_break, text, end) || visit_cmdline (visitor, "", text, end))
        return TRUE;
    }
  return FALSE;
}

/* All gaps between words alike: each on its own line, for instance. */
static gboolean
try_gaps (const Visitor *visitor, char **words)
{
  static const char *const gaps[] = { "  ", "   ", "    ", "\t" };
  g_autoptr(GPtrArray) breaks = line_breaks ();

  for (gsize i = 0; i < G_N_ELEMENTS (gaps); i++)
    {
      g_autofree char *joined = g_strjoinv (gaps[i], words);

      if (visit_cmdline (visitor, "", joined, ""))
        return TRUE;
    }
  for (guint i = 0; i < breaks->len; i++)
    {
      g_autofree char *after_blank = g_strconcat (" ", breaks->pdata[i], NULL);
      g_autofree char *joined = g_strjoinv (breaks->pdata[i], words), *blank = g_strjoinv (after_blank, words);

      if (try_indented (visitor, joined, breaks->pdata[i]) || try_indented (visitor, blank, breaks->pdata[i]))
        return TRUE;
    }
  return FALSE;
}

/* The words with single blanks, but for @gap after the word at @place. */
static char *
join_with_gap (char **words, guint place, const char *gap)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_string_append (text, words[i]);
      if (words[i + 1] != NULL)
        g_string_append (text, i == place ? gap : " ");
    }
  return g_string_free (text, FALSE);
}

/* One gap is another. */
static gboolean
try_one_gap (const Visitor *visitor, char **words)
{
  static const char *const gaps[] = { "  ", "   ", "    ", "\t", "", "\\\n", " \\\n" };
  g_autoptr(GPtrArray) breaks = line_breaks ();

  for (guint place = 0; words[place + 1] != NULL; place++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (gaps); i++)
        {
          g_autofree char *text = join_with_gap (words, place, gaps[i]);

          if (visit_cmdline (visitor, "", text, "") || visit_cmdline (visitor, "", text, "\n"))
            return TRUE;
        }
      for (guint i = 0; i < breaks->len; i++)
        {
          g_autofree char *text = join_with_gap (words, place, breaks->pdata[i]);
          g_autofree char *after_blank = g_strconcat (" ", breaks->pdata[i], NULL);
          g_autofree char *blank = join_with_gap (words, place, after_blank);

          if (try_indented (visitor, text, breaks->pdata[i]) || try_indented (visitor, blank, breaks->pdata[i]))
            return TRUE;
        }
    }
  return FALSE;
}

gboolean
va_explain_variants (const char *text, VaExplainVariant visit_one, gpointer data)
{
  const Visitor visitor = { visit_one, data };
  g_autofree char *stripped = g_strstrip (g_strdup (text)), *single = NULL;
  g_auto(GStrv) words = split_arguments (text);
  guint count = g_strv_length (words);

  single = g_strjoinv (" ", words);
  if (try_ends (&visitor, text) || try_quotes (&visitor, text)
      || (!g_str_equal (stripped, text) && try_ends (&visitor, stripped))
      || (!g_str_equal (single, stripped) && try_ends (&visitor, single)))
    return TRUE;
  if (!g_str_equal (stripped, text) && try_quotes (&visitor, stripped))
    return TRUE;
  return count > 1 && count <= WORDS_MAX && (try_gaps (&visitor, words) || try_one_gap (&visitor, words));
}

/* The first @length bytes of @text, at most SHOWN_MAX, so that white space can be seen. */
static char *
show_blanks (const char *text, gsize length)
{
  g_autofree char *part = g_strndup (text, MIN (length, SHOWN_MAX));
  g_autofree char *valid = g_utf8_make_valid (part, -1);
  GString *shown = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p++)
    if (*p == '\n' || *p == '\r' || *p == '\t')
      g_string_append (shown, *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : "\\t");
    else
      g_string_append_c (shown, *p);
  if (length > SHOWN_MAX)
    g_string_append (shown, "…");
  return g_string_free (shown, FALSE);
}

/* Both have the same between their ends. */
static char *
describe_ends (const char *text, const char *variant)
{
  gsize before = strspn (variant, BLANKS), length = strlen (variant), end = length;
  g_autofree char *longer = g_strconcat (text, "\n", NULL), *windows = g_strconcat (text, "\r\n", NULL);
  g_autofree char *begins = NULL, *ends_with = NULL, *shorter = g_strchomp (g_strdup (text));

  while (end > before && strchr (BLANKS, variant[end - 1]) != NULL)
    end--;
  begins = show_blanks (variant, before);
  ends_with = show_blanks (variant + end, length - end);
  if (g_str_equal (variant, longer))
    return g_strdup (_("the guest's command line ends with a line break, but the expected one does not"));
  if (g_str_equal (variant, windows))
    return g_strdup (_("the guest's command line ends with a Windows line break (CRLF), but the expected one does "
                       "not"));
  if (g_str_equal (variant, shorter))
    return g_strdup (_("the guest's command line has no white space at its end, which the expected one has"));
  if (before > 0 && end < length)
    return g_strdup_printf (_("the guest's command line has different white space around it: it begins with “%s” and "
                              "ends with “%s”"),
                            begins, ends_with);
  if (before > 0)
    return g_strdup_printf (_("the guest's command line has different white space around it: it begins with “%s”"),
                            begins);
  return end < length
           ? g_strdup_printf (_("the guest's command line has different white space around it: it ends with “%s”"),
                              ends_with)
           : g_strdup (_("the guest's command line has no white space around it, which the expected one has"));
}

static gboolean
has_equal_rest (const char *text, const char *variant, const char *left_out)
{
  g_autofree char *one = remove_characters (text, left_out), *other = remove_characters (variant, left_out);

  return g_str_equal (one, other);
}

char *
va_explain_difference (const char *text, const char *variant)
{
  g_autofree char *core = g_strstrip (g_strdup (text)), *other = g_strstrip (g_strdup (variant));
  g_autofree char *inner = remove_quotes (other), *expected_inner = remove_quotes (core);
  g_autofree char *shown = show_blanks (variant, strlen (variant));

  if (g_str_equal (core, other))
    return describe_ends (text, variant);
  if (inner != NULL && g_str_equal (inner, core))
    return g_strdup (_("the guest's command line has quotes around it, which the expected one lacks"));
  if (expected_inner != NULL && g_str_equal (expected_inner, other))
    return g_strdup (_("the guest's command line lacks the quotes that the expected one has around it"));
  if (has_equal_rest (text, variant, BLANKS))
    return g_strdup_printf (_("the guest's command line has different white space between its words: it is “%s”"),
                            shown);
  if (has_equal_rest (text, variant, BLANKS "\"'\\"))
    return g_strdup_printf (_("the guest's command line has other quotes: it is “%s”"), shown);
  return g_strdup_printf (_("the guest's command line is “%s”"), shown);
}
