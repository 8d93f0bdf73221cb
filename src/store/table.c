/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/table.h"

#include <string.h>

/* Kinds of columns. */

#define MEMBER_OF(record, member, type) (*(type *) G_STRUCT_MEMBER_P ((record), (member)))
#define CONST_MEMBER_OF(record, member, type) (*(type const *) (gconstpointer) ((const guint8 *) (record) + (member)))

static void
read_text (VaDbStatement *row, int column, gpointer record, gsize member)
{
  MEMBER_OF (record, member, char *) = va_db_column_needed_text (row, column);
}

static void
read_maybe_text (VaDbStatement *row, int column, gpointer record, gsize member)
{
  MEMBER_OF (record, member, char *) = va_db_column_text (row, column);
}

static void
bind_text (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  (void) made;
  value->text = CONST_MEMBER_OF (record, member, char *);
}

static void
clear_text (gpointer record, gsize member)
{
  g_free (MEMBER_OF (record, member, char *));
}

const VaStoreKind va_store_kind_text = { 't', read_text, bind_text, clear_text };
const VaStoreKind va_store_kind_maybe_text = { 't', read_maybe_text, bind_text, clear_text };

static void
read_bytes (VaDbStatement *row, int column, gpointer record, gsize member)
{
  MEMBER_OF (record, member, GBytes *) = va_db_column_needed_bytes (row, column);
}

static void
read_maybe_bytes (VaDbStatement *row, int column, gpointer record, gsize member)
{
  MEMBER_OF (record, member, GBytes *) = va_db_column_bytes (row, column);
}

static void
bind_bytes (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  (void) made;
  va_db_value_set_bytes (value, CONST_MEMBER_OF (record, member, GBytes *));
}

static void
clear_bytes (gpointer record, gsize member)
{
  g_clear_pointer (&MEMBER_OF (record, member, GBytes *), g_bytes_unref);
}

const VaStoreKind va_store_kind_bytes = { 'b', read_bytes, bind_bytes, clear_bytes };
const VaStoreKind va_store_kind_maybe_bytes = { 'b', read_maybe_bytes, bind_bytes, clear_bytes };

/* Numbers: gint64 in the database, another type in the record. */
#define NUMBER_KIND(kind, type) \
  static void read_##kind (VaDbStatement *row, int column, gpointer record, gsize member) \
  { \
    MEMBER_OF (record, member, type) = (type) va_db_column_number (row, column); \
  } \
  static void bind_##kind (gconstpointer record, gsize member, VaDbValue *value, char **made) \
  { \
    (void) made; \
    value->number = (gint64) CONST_MEMBER_OF (record, member, type); \
  } \
  const VaStoreKind va_store_kind_##kind = { 'i', read_##kind, bind_##kind, NULL }
NUMBER_KIND (number, gint64);
NUMBER_KIND (count, guint64);
NUMBER_KIND (size, gsize);
NUMBER_KIND (word, guint32);

static void
read_flag (VaDbStatement *row, int column, gpointer record, gsize member)
{
  MEMBER_OF (record, member, gboolean) = va_db_column_number (row, column) != 0;
}

static void
bind_flag (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  (void) made;
  value->number = CONST_MEMBER_OF (record, member, gboolean);
}

const VaStoreKind va_store_kind_flag = { 'i', read_flag, bind_flag, NULL };

static void
bind_key (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  bind_count (record, member, value, made);
  if (value->number == 0)
    value->type = 'k';
}

const VaStoreKind va_store_kind_key = { 'i', read_count, bind_key, NULL };

/* A text that is no GUID leaves zeros, under which no value opens. */
static void
read_guid (VaDbStatement *row, int column, gpointer record, gsize member)
{
  g_autofree char *text = va_db_column_needed_text (row, column);
  guint8 *guid = G_STRUCT_MEMBER_P (record, member);

  if (!va_guid_parse (text, guid, NULL))
    memset (guid, 0, VA_GUID_SIZE);
}

static void
bind_guid (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  *made = va_guid_format ((const guint8 *) record + member);
  value->text = *made;
}

const VaStoreKind va_store_kind_guid = { 't', read_guid, bind_guid, NULL };

const VaStoreKind va_store_kind_copied_text = { 't', NULL, NULL, NULL };
const VaStoreKind va_store_kind_copied_number = { 'i', NULL, NULL, NULL };
const VaStoreKind va_store_kind_copied_bytes = { 'b', NULL, NULL, NULL };

/* Records. */

gpointer
va_store_table_read (const VaStoreTable *table, VaDbStatement *row)
{
  gpointer record = g_malloc0 (table->record_size);

  for (guint i = 0; i < table->length; i++)
    if (table->columns[i].kind->read != NULL)
      table->columns[i].kind->read (row, (int) i, record, table->columns[i].member);
  return record;
}

void
va_store_table_free (const VaStoreTable *table, gpointer record)
{
  if (record == NULL)
    return;
  for (guint i = 0; i < table->length; i++)
    if (table->columns[i].kind->clear != NULL)
      table->columns[i].kind->clear (record, table->columns[i].member);
  g_free (record);
}

void
va_store_values_clear (VaStoreValues *values)
{
  for (guint i = 0; i < values->made_length; i++)
    g_free (values->made[i]);
  values->made_length = 0;
}

static VaDbValue *
add_value (VaStoreValues *values, char type)
{
  VaDbValue *value = &values->values[values->length];

  g_assert (values->length < VA_DB_VALUES_MAX);
  values->length++;
  *value = (VaDbValue){ .type = type };
  return value;
}

void
va_store_values_add (VaStoreValues *values, const VaStoreTable *table, guint first, guint length, gconstpointer record)
{
  g_assert (first + length <= table->length);
  for (guint i = first; i < first + length; i++)
    {
      const VaStoreKind *kind = table->columns[i].kind;
      char *made = NULL;

      kind->bind (record, table->columns[i].member, add_value (values, kind->type), &made);
      if (made == NULL)
        continue;
      g_assert (values->made_length < G_N_ELEMENTS (values->made));
      values->made[values->made_length++] = made;
    }
}

void
va_store_values_add_text (VaStoreValues *values, const char *text)
{
  add_value (values, 't')->text = text;
}

void
va_store_values_add_data (VaStoreValues *values, gconstpointer data, gsize size)
{
  VaDbValue *value = add_value (values, 'b');

  value->data = data;
  value->size = size;
}

gboolean
va_store_table_run (VaDb *sql, const VaStoreTable *table, gconstpointer record, const char *text, GError **error)
{
  g_auto(VaStoreValues) values = { .length = 0 };

  va_store_values_add (&values, table, 0, table->length, record);
  return va_db_finish (va_db_query_values (sql, text, values.values, values.length, error), error);
}

/* Statements from the list of columns. They are interned, because a statement is kept by the address of its text. */

static GString *
begin_names (const char *verb, const VaStoreTable *table)
{
  GString *text = g_string_new (verb);

  for (guint i = 0; i < table->length; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", table->columns[i].name);
  return text;
}

static const char *
intern_text (GString *text)
{
  const char *interned = g_intern_string (text->str);

  g_string_free (text, TRUE);
  return interned;
}

const char *
va_store_table_select (const VaStoreTable *table, const char *rest)
{
  GString *text = begin_names ("SELECT ", table);

  g_string_append_printf (text, " FROM %s%s", table->name, rest != NULL ? rest : "");
  return intern_text (text);
}

const char *
va_store_table_insert (const VaStoreTable *table)
{
  g_autofree char *verb = g_strdup_printf ("INSERT INTO %s (", table->name);
  GString *text = begin_names (verb, table);

  g_string_append (text, ") VALUES (");
  for (guint i = 0; i < table->length; i++)
    g_string_append (text, i > 0 ? ", ?" : "?");
  g_string_append (text, ")");
  return intern_text (text);
}
