/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/print.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/i18n.h"
#include "codec/json.h"

#define COLUMNS_MAX 10

/* A terminal writes nothing else for it than itself: no control character, no change of direction (which is a format
   character to GLib), no line or paragraph separator (which GLib takes for printable, and some terminals and programs
   for the end of a line). */
static gboolean
is_printable (gunichar c)
{
  return g_unichar_isprint (c) && c != 0x2028 && c != 0x2029;
}

char *
va_print_safe (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *safe = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (safe, is_printable (c) ? c : ' ');
    }
  return g_string_free (safe, FALSE);
}

static void print_safe_line (FILE *target, const char *format, va_list args) G_GNUC_PRINTF (2, 0);
static void
print_safe_line (FILE *target, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  g_autofree char *safe = va_print_safe (text);

  fprintf (target, "%s\n", safe);
}

void
va_print_line (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_safe_line (stdout, format, args);
  va_end (args);
}

void
va_print_error_line (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_safe_line (stderr, format, args);
  va_end (args);
}

/* @text, which is JSON, with all that @is_good denies as escapes; they can only be in strings, where they mean the
   same. Line breaks stand between members too: @lines says whether they do here. */
static char *
escape_json (const char *text, gboolean (*is_good) (gunichar c), gboolean lines)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *safe = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_good (c) || (c == '\n' && lines))
        g_string_append_unichar (safe, c);
      else if (c < 0x10000)
        g_string_append_printf (safe, "\\u%04x", c);
      else
        g_string_append_printf (safe, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                                0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  return g_string_free (safe, FALSE);
}

static void
print_escaped (const char *text, gboolean (*is_good) (gunichar c), gboolean lines)
{
  g_autofree char *safe = escape_json (text, is_good, lines);

  puts (safe);
}

void
va_print_json (JsonObject *object)
{
  g_autofree char *text = va_json_print_pretty (object);

  print_escaped (text, is_printable, TRUE);
}

void
va_print_json_line (JsonObject *object)
{
  g_autofree char *text = va_json_print (object);

  print_escaped (text, is_printable, FALSE);
}

void
va_print_json_text (const char *text)
{
  print_escaped (text, is_printable, FALSE);
}

void
va_print_record (const char *text)
{
  if (isatty (STDOUT_FILENO))
    print_escaped (text, is_printable, FALSE);
  else
    puts (text);
}

void
va_print_xml (const char *text)
{
  g_autofree char *valid = isatty (STDOUT_FILENO) ? g_utf8_make_valid (text, -1) : NULL;

  if (valid == NULL)
    fputs (text, stdout);
  for (const char *p = valid != NULL ? valid : ""; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_printable (c) || c == '\n' || c == '\t')
        fwrite (p, 1, (gsize) (g_utf8_next_char (p) - p), stdout);
      else
        printf ("&#x%x;", c);
    }
}

static char *
format_local (gint64 seconds, const char *format)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_local (seconds);

  return time != NULL ? g_date_time_format (time, format) : g_strdup ("?");
}

char *
va_print_time (gint64 seconds)
{
  return seconds != 0 ? format_local (seconds, "%Y-%m-%d %H:%M:%S") : g_strdup ("–");
}

char *
va_print_clock (gint64 ms)
{
  g_autofree char *clock = format_local (ms / 1000, "%H:%M:%S");

  return g_strdup_printf ("%s.%03d", clock, (int) (ms % 1000));
}

struct _VaTable {
  guint n_columns;
  gboolean has_heading;
  GPtrArray *cells; /* of char *, row after row; the heading is the first */
  glong widths[COLUMNS_MAX];
  gboolean has_unreadable;
};

static void
add_cell (VaTable *table, guint column, const char *text)
{
  char *safe = va_print_safe (text);

  table->widths[column] = MAX (table->widths[column], g_utf8_strlen (safe, -1));
  g_ptr_array_add (table->cells, safe);
}

VaTable *
va_table_new (const char *const *columns)
{
  VaTable *table = g_new0 (VaTable, 1);

  table->cells = g_ptr_array_new_with_free_func (g_free);
  table->n_columns = g_strv_length ((char **) columns);
  g_assert (table->n_columns <= COLUMNS_MAX);
  table->has_heading = columns[0][0] != '\0';
  for (guint i = 0; table->has_heading && i < table->n_columns; i++)
    add_cell (table, i, columns[i]);
  return table;
}

void
va_table_add (VaTable *table, ...)
{
  va_list args;

  va_start (args, table);
  for (guint i = 0; i < table->n_columns; i++)
    {
      g_autofree char *cell = va_arg (args, char *);

      add_cell (table, i, cell);
    }
  va_end (args);
}

void
va_table_add_unreadable (VaTable *table, const char *key)
{
  add_cell (table, 0, key);
  for (guint i = 1; i < table->n_columns; i++)
    add_cell (table, i, i == 1 ? _("UNREADABLE") : "–");
  table->has_unreadable = TRUE;
}

void
va_table_field (VaTable *table, const char *name, char *value)
{
  if (value != NULL)
    va_table_add (table, g_strdup (name), value);
}

static void
print_row (const VaTable *table, char **cells)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < table->n_columns; i++)
    g_string_append_printf (line, "%s%*s", cells[i], (int) (table->widths[i] + 2 - g_utf8_strlen (cells[i], -1)), "");
  while (line->len > 0 && line->str[line->len - 1] == ' ')
    g_string_truncate (line, line->len - 1);
  puts (line->str);
  g_string_free (line, TRUE);
}

void
va_table_print (VaTable *table, const char *empty)
{
  if (table->cells->len == (table->has_heading ? table->n_columns : 0))
    puts (empty);
  else
    for (guint i = 0; i < table->cells->len; i += table->n_columns)
      print_row (table, (char **) table->cells->pdata + i);
  if (table->has_unreadable)
    va_print_line ("%s", _("UNREADABLE: the service cannot decrypt what it has stored. Ask the service's operator; "
                           "until then, store it again or remove it."));
  g_ptr_array_unref (table->cells);
  g_free (table);
}
