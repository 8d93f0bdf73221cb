/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "store-fixture.h"
#include "store/table.h"

/* The list of tables that copies, rekeying and counting walk, against the tables that the database has. */

static gint64
count_columns (const Fixture *fixture, const char *table, const char *condition)
{
  g_autofree char *sql =
    on_postgresql ()
      ? g_strdup_printf ("SELECT count(*) FROM (SELECT column_name::text AS name, data_type::text AS type"
                         " FROM information_schema.columns WHERE table_schema = 'public'"
                         " AND table_name = '%s') AS every WHERE %s",
                         table, condition)
      : g_strdup_printf ("SELECT count(*) FROM pragma_table_info('%s') WHERE %s", table, condition);

  return ask_database (fixture, sql);
}

/* Neither a table nor a column is missing in the list, or else a backup would not have it. */
static void
test_list (Fixture *fixture, gconstpointer data)
{
  gint64 tables = ask_database (fixture, on_postgresql () ? "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                                                            " AND tablename <> 'store_version'"
                                                          : "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                                            " AND name NOT LIKE 'sqlite_%'");

  (void) data;
  g_assert_cmpint (tables, ==, VA_STORE_TABLES);
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    {
      const VaStoreTable *table = va_store_tables[i];

      g_test_message ("%s", table->name);
      g_assert_cmpint (count_columns (fixture, table->name, "1 = 1"), ==, table->length);
      for (guint column = 0; column < table->length; column++)
        {
          g_autofree char *condition = g_strdup_printf ("name = '%s'", table->columns[column].name);

          g_assert_cmpint (count_columns (fixture, table->name, condition), ==, 1);
        }
    }
}

/* What has a data key in its rows is rekeyed, counts as content, and is not alone in a store without keys. */
static void
test_sealed (Fixture *fixture, gconstpointer data)
{
  guint sealed = 0;

  (void) data;
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    {
      const VaStoreTable *table = va_store_tables[i];
      gboolean has_key = count_columns (fixture, table->name, "name = 'key_id'") == 1;

      g_test_message ("%s", table->name);
      g_assert_true ((table->move != NULL) == has_key);
      g_assert_true ((table->put_back != NULL) == has_key);
      g_assert_true (!has_key || (table->needs_keys && table->is_content));
      sealed += has_key;
    }
  g_assert_cmpuint (sealed, ==, 4);
}

/* The types of the columns are those that the database has, so that a copy of a row is the row. */
static void
test_types (Fixture *fixture, gconstpointer data)
{
  const char *numbers = on_postgresql () ? "bigint" : "INTEGER", *bytes = on_postgresql () ? "bytea" : "BLOB";

  (void) data;
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    for (guint j = 0; j < va_store_tables[i]->length; j++)
      {
        const VaStoreColumn *column = &va_store_tables[i]->columns[j];
        const char *type = column->kind->type == 'i' ? numbers : column->kind->type == 'b' ? bytes : "text";
        g_autofree char *condition = g_strdup_printf ("name = '%s' AND lower(type) = lower('%s')", column->name, type);

        g_test_message ("%s.%s", va_store_tables[i]->name, column->name);
        g_assert_cmpint (count_columns (fixture, va_store_tables[i]->name, condition), ==, 1);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_STORE_TEST ("tables/list", test_list);
  ADD_STORE_TEST ("tables/sealed", test_sealed);
  ADD_STORE_TEST ("tables/types", test_types);
  return g_test_run ();
}
