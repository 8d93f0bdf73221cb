/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/table.h"

#define VA_STORE_LIST_TABLE(name) &va_store_table_##name,
const VaStoreTable *const va_store_tables[VA_STORE_TABLES] = { VA_STORE_TABLE_LIST (VA_STORE_LIST_TABLE) };

gboolean
va_store_table_any (VaDb *sql, VaStoreWhichTable which, gboolean *any, GError **error)
{
  *any = FALSE;
  for (guint i = 0; i < VA_STORE_TABLES && !*any; i++)
    {
      g_autofree char *text = g_strdup_printf ("SELECT count(*) FROM %s", va_store_tables[i]->name);
      gint64 rows = 0;

      if (which (va_store_tables[i]) && !va_db_read_number (sql, &rows, error, g_intern_string (text), ""))
        return FALSE;
      *any = rows > 0;
    }
  return TRUE;
}
