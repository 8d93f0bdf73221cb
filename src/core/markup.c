/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/markup.h"

#include <string.h>

enum {
  TEXT,
  OPENED, /* behind "<" */
  BANG,   /* behind "<!" */
  COMMENT,
  CDATA,
  INSTRUCTION,
  DOCTYPE, /* or what else is no part of a document: it goes on to the end */
  TAG_NAME,
  END_TAG,
  BETWEEN, /* in a start tag, between attributes */
  NAME,
  AFTER_NAME,
  BEFORE_VALUE,
  VALUE,
  REFERENCE, /* in a value, behind "&" */
};

static gboolean
char_is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
va_markup_init (VaMarkup *markup, const char *namespace, VaTagFunc tag, gpointer data)
{
  *markup = (VaMarkup){ .wanted = namespace, .tag = tag, .data = data, .state = TEXT };
}

void
va_markup_seek (VaMarkup *markup, const VaMarkupSought *sought)
{
  markup->sought = sought;
}

gboolean
va_markup_has_sought (const VaMarkup *markup)
{
  return markup->has_sought;
}

gboolean
va_markup_declares (const VaMarkup *markup)
{
  return markup->found;
}

gboolean
va_markup_is_whole (const VaMarkup *markup)
{
  return markup->state == TEXT && !markup->odd;
}

/* Whether @c completes @mark. */
static gboolean
ends_mark (VaMarkup *markup, char c, const char *mark)
{
  guint length = (guint) strlen (mark);

  if (c == mark[markup->matched])
    {
      if (++markup->matched < length)
        return FALSE;
      markup->matched = 0;
      return TRUE;
    }
  /* All marks are a run of one character and “>”: a longer run, as in “--->”, ends one too. */
  if (c != mark[0])
    markup->matched = 0;
  else if (markup->matched == 0)
    markup->matched = 1;
  return FALSE;
}

/* What begins with "<!": a comment, CDATA, or what is not read. */
static void
take_bang (VaMarkup *markup, char c)
{
  static const struct {
    const char *text;
    int state;
  } begins[] = { { "--", COMMENT }, { "[CDATA[", CDATA } };

  markup->name[markup->name_length++] = c;
  for (guint i = 0; i < G_N_ELEMENTS (begins); i++)
    if (strncmp (begins[i].text, markup->name, markup->name_length) == 0)
      {
        if (begins[i].text[markup->name_length] == '\0')
          markup->state = begins[i].state;
        return;
      }
  markup->state = DOCTYPE;
  markup->odd = TRUE;
}

/* xmlns, or xmlns:PREFIX. Two prefixes belong to XML itself and can be given to no other namespace. */
static gboolean
is_declaration (const char *name, guint length)
{
  if (length < 5 || memcmp (name, "xmlns", 5) != 0)
    return FALSE;
  if (length == 5)
    return TRUE;
  return length > 6 && name[5] == ':' && (g_ascii_isalpha (name[6]) || name[6] == '_' || (guchar) name[6] >= 0x80)
         && !(length == 9 && memcmp (name + 6, "xml", 3) == 0) && !(length == 11 && memcmp (name + 6, "xmlns", 5) == 0);
}

static gboolean
name_is (const VaMarkup *markup, const char *name)
{
  return strlen (name) == markup->name_length && memcmp (name, markup->name, markup->name_length) == 0;
}

static void
add_to_name (VaMarkup *markup, char c)
{
  if (markup->name_length < sizeof markup->name)
    markup->name[markup->name_length++] = c;
}

static void
begin_value (VaMarkup *markup, char quote)
{
  markup->state = VALUE;
  markup->quote = quote;
  markup->value = (VaMarkupValue){ 0 };
  if (markup->wanted != NULL && is_declaration (markup->name, markup->name_length))
    markup->value.expected = markup->wanted;
  else if (markup->in_sought && name_is (markup, markup->sought->attribute))
    markup->value.expected = markup->sought->value;
}

/* One decoded character; one that is not ASCII is in nothing that we look for. */
static void
take_character (VaMarkup *markup, guint32 c)
{
  VaMarkupValue *value = &markup->value;

  if (value->expected == NULL || value->differs)
    return;
  if (c == 0 || c >= 0x80 || (guint32) (guchar) value->expected[value->matched] != c)
    value->differs = TRUE;
  else
    value->matched++;
}

static void
end_markup_value (VaMarkup *markup)
{
  const VaMarkupValue *value = &markup->value;

  markup->state = BETWEEN;
  if (value->expected == NULL || value->differs || value->expected[value->matched] != '\0')
    return;
  if (value->expected == markup->wanted)
    markup->found = TRUE;
  else
    markup->has_sought = TRUE;
}

static gboolean
value_is_named (const VaMarkupValue *value, const char *name)
{
  return value->reference_length == strlen (name) && memcmp (value->reference, name, value->reference_length) == 0;
}

static void
end_reference (VaMarkup *markup)
{
  static const struct {
    const char *name;
    char c;
  } names[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' } };
  guint32 c = markup->value.reference[0] == '#' ? markup->value.number : 0;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (value_is_named (&markup->value, names[i].name))
      c = (guchar) names[i].c;
  markup->state = VALUE;
  take_character (markup, c);
}

/* A number may have any number of zeros in front, so its digits are not kept. */
static void
take_reference (VaMarkup *markup, char c)
{
  VaMarkupValue *value = &markup->value;
  gboolean numeric = value->reference_length > 0 && value->reference[0] == '#';
  gboolean hex = numeric && value->reference_length > 1;
  int digit = hex ? g_ascii_xdigit_value (c) : g_ascii_digit_value (c);

  if (c == ';')
    end_reference (markup);
  else if (c == markup->quote)
    {
      value->differs = TRUE;
      end_markup_value (markup);
    }
  else if (numeric && digit >= 0)
    value->number = MIN (value->number * (hex ? 16 : 10) + (guint32) digit, 0x110000);
  else if (value->reference_length < sizeof value->reference
           && (!numeric || (c == 'x' && value->reference_length == 1)))
    value->reference[value->reference_length++] = c;
  else
    value->differs = TRUE;
}

static void
begin_reference (VaMarkup *markup)
{
  markup->state = REFERENCE;
  markup->value.reference_length = 0;
  markup->value.number = 0;
}

static void
end_tag (VaMarkup *markup)
{
  markup->state = TEXT;
  if (markup->tag != NULL)
    markup->tag (markup->kind, markup->start, markup->offset + 1, markup->data);
}

/* In a start tag, outside of values: a name, "=", "/" or the end. */
static void
take_in_tag (VaMarkup *markup, char c)
{
  if (c == '>')
    end_tag (markup);
  else if (c == '/')
    {
      markup->kind = VA_TAG_EMPTY;
      markup->state = BETWEEN;
    }
  else if (markup->state == BEFORE_VALUE && (c == '"' || c == '\''))
    begin_value (markup, c);
  else if (c == '=' && markup->state != BETWEEN)
    markup->state = BEFORE_VALUE;
  else if (char_is_blank (c))
    markup->state = markup->state == NAME ? AFTER_NAME : markup->state;
  else
    {
      if (markup->state != NAME)
        markup->name_length = 0;
      markup->state = NAME;
      markup->kind = VA_TAG_START;
      add_to_name (markup, c);
    }
}

static void
take_opened (VaMarkup *markup, char c)
{
  markup->kind = c == '/' ? VA_TAG_END : VA_TAG_START;
  markup->matched = 0;
  markup->name_length = 0;
  if (c == '!')
    markup->state = BANG;
  else if (c == '?')
    markup->state = INSTRUCTION;
  else
    {
      markup->state = c == '/' ? END_TAG : TAG_NAME;
      add_to_name (markup, c);
    }
}

static void
take_value_char (VaMarkup *markup, char c)
{
  if (c == markup->quote)
    end_markup_value (markup);
  else if (c == '&')
    begin_reference (markup);
  else
    take_character (markup, char_is_blank (c) ? ' ' : (guchar) c);
}

static void
take_tag_name (VaMarkup *markup, char c)
{
  if (markup->state == TAG_NAME && (c == '/' || char_is_blank (c)))
    markup->in_sought = markup->sought != NULL && name_is (markup, markup->sought->element);
  if (c == '>')
    end_tag (markup);
  else if (markup->state == TAG_NAME && c == '/')
    {
      markup->kind = VA_TAG_EMPTY;
      markup->state = BETWEEN;
    }
  else if (markup->state == TAG_NAME && char_is_blank (c))
    markup->state = BETWEEN;
  else
    add_to_name (markup, c);
}

static void
take_byte (VaMarkup *markup, char c)
{
  switch (markup->state)
    {
    case TEXT:
      if (c == '<')
        {
          markup->state = OPENED;
          markup->start = markup->offset;
        }
      break;
    case OPENED:
      take_opened (markup, c);
      break;
    case BANG:
      take_bang (markup, c);
      break;
    case COMMENT:
      markup->state = ends_mark (markup, c, "-->") ? TEXT : COMMENT;
      break;
    case CDATA:
      markup->state = ends_mark (markup, c, "]]>") ? TEXT : CDATA;
      break;
    case INSTRUCTION:
      markup->state = ends_mark (markup, c, "?>") ? TEXT : INSTRUCTION;
      break;
    case TAG_NAME:
    case END_TAG:
      take_tag_name (markup, c);
      break;
    case VALUE:
      take_value_char (markup, c);
      break;
    case REFERENCE:
      take_reference (markup, c);
      break;
    case DOCTYPE:
      break;
    default:
      take_in_tag (markup, c);
      break;
    }
}

void
va_markup_feed (VaMarkup *markup, const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    {
      if (markup->state == TEXT && text[i] != '<')
        {
          const char *next = memchr (text + i, '<', size - i);
          gsize skipped = next != NULL ? (gsize) (next - text) - i : size - i;

          markup->offset += skipped;
          i += skipped;
          if (next == NULL)
            return;
        }
      take_byte (markup, text[i]);
      markup->offset++;
    }
}
