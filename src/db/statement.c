/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "db/database.h"

G_DEFINE_QUARK (va-db-error-quark, va_db_error)

void
va_db_statement_reset (VaDbStatement *statement)
{
  if (statement != NULL)
    statement->sql->driver->reset (statement);
}

void
va_db_value_set_bytes (VaDbValue *value, GBytes *bytes)
{
  value->type = 'b';
  if (bytes == NULL)
    return;
  value->data = g_bytes_get_data (bytes, &value->size);
  if (value->data == NULL)
    value->data = "";
}

static guint
collect_values (VaDbValue values[VA_DB_VALUES_MAX], const char *types, va_list args)
{
  guint length = (guint) strlen (types);

  g_assert (length <= VA_DB_VALUES_MAX);
  for (guint i = 0; i < length; i++)
    {
      values[i].type = types[i];
      switch (types[i])
        {
        case 't':
          values[i].text = va_arg (args, const char *);
          break;
        case 'i':
          values[i].number = va_arg (args, gint64);
          break;
        case 'k': /* NULL for 0 */
          values[i].number = va_arg (args, gint64);
          values[i].type = values[i].number != 0 ? 'i' : 'k';
          break;
        case 'b':
          va_db_value_set_bytes (&values[i], va_arg (args, GBytes *));
          break;
        case 'm':
          values[i].type = 'b';
          values[i].data = va_arg (args, gconstpointer);
          values[i].size = va_arg (args, gsize);
          break;
        default:
          g_error ("no parameter of type “%c”", types[i]);
        }
    }
  return length;
}

VaDbStatement *
va_db_query (VaDb *sql, GError **error, const char *text, const char *types, ...)
{
  VaDbValue values[VA_DB_VALUES_MAX] = { 0 };
  guint length;
  va_list args;

  if (sql == NULL)
    return NULL;
  va_start (args, types);
  length = collect_values (values, types, args);
  va_end (args);
  return sql->driver->query (sql, text, values, length, error);
}

gboolean
va_db_send (VaDb *sql, GError **error, const char *text, const char *types, ...)
{
  VaDbValue values[VA_DB_VALUES_MAX] = { 0 };
  guint length;
  va_list args;

  va_start (args, types);
  length = collect_values (values, types, args);
  va_end (args);
  return sql->driver->send (sql, text, values, length, error);
}

VaDbStatement *
va_db_query_values (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
{
  return sql->driver->query (sql, text, values, length, error);
}

gboolean
va_db_send_values (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
{
  return sql->driver->send (sql, text, values, length, error);
}

int
va_db_row (VaDbStatement *statement, GError **error)
{
  return statement->sql->driver->row (statement, error);
}

gboolean
va_db_finish (VaDbStatement *statement, GError **error)
{
  g_autoptr(VaDbStatement) finished = statement;

  return finished != NULL && va_db_row (finished, error) == 0;
}

gboolean
va_db_take_number (VaDbStatement *statement, gint64 *number, GError **error)
{
  g_autoptr(VaDbStatement) row = statement;

  if (row == NULL || va_db_row (row, error) != 1)
    return FALSE;
  *number = va_db_column_number (row, 0);
  return TRUE;
}

guint
va_db_changes (VaDb *sql)
{
  return sql->driver->changes (sql);
}

GPtrArray *
va_db_list (VaDbStatement *statement, gpointer (*read) (VaDbStatement *), GDestroyNotify free, GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func (free);
  int status;

  while ((status = va_db_row (statement, error)) > 0)
    g_ptr_array_add (list, read (statement));
  return status == 0 ? g_steal_pointer (&list) : NULL;
}

char *
va_db_column_text (VaDbStatement *statement, int column)
{
  gsize size;
  const char *text;

  if (va_db_column_is_null (statement, column))
    return NULL;
  text = statement->sql->driver->bytes (statement, column, &size);
  return size > 0 ? g_utf8_make_valid (text, (gssize) strnlen (text, size)) : g_strdup ("");
}

char *
va_db_column_needed_text (VaDbStatement *statement, int column)
{
  char *text = va_db_column_text (statement, column);

  return text != NULL ? text : g_strdup ("");
}

GBytes *
va_db_column_bytes (VaDbStatement *statement, int column)
{
  gsize size;
  gconstpointer data;

  if (va_db_column_is_null (statement, column))
    return NULL;
  data = statement->sql->driver->bytes (statement, column, &size);
  return g_bytes_new (data, size);
}

GBytes *
va_db_column_needed_bytes (VaDbStatement *statement, int column)
{
  GBytes *bytes = va_db_column_bytes (statement, column);

  return bytes != NULL ? bytes : g_bytes_new (NULL, 0);
}

gint64
va_db_column_number (VaDbStatement *statement, int column)
{
  return statement->sql->driver->number (statement, column);
}

gboolean
va_db_column_is_null (VaDbStatement *statement, int column)
{
  return statement->sql->driver->is_null (statement, column);
}
