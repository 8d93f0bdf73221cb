/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/store-private.h"
#include "store/table.h"

/* How large the store is. */

const char *
va_store_table_name (guint i)
{
  g_return_val_if_fail (i < VA_STORE_TABLES, NULL);
  return va_store_tables[i]->counts != NULL ? va_store_tables[i]->name : NULL;
}

static gboolean
ask_number (VaDb *sql, const char *query, guint64 *number, GError **error)
{
  gint64 found;

  if (!va_db_read_number (sql, &found, error, query, ""))
    return FALSE;
  *number = (guint64) MAX (found, 0);
  return TRUE;
}

gboolean
va_store_measure_bytes (VaStore *store, guint64 *bytes, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return reader != NULL && ask_number (reader, store->backend->size_query, bytes, error);
}

/* One table after the other, each with a reader of its own, so that nobody waits for all of them. */
gboolean
va_store_count_rows (VaStore *store, guint64 rows[VA_STORE_TABLES], GError **error)
{
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    {
      g_autoptr(VaDbReader) reader = NULL;

      rows[i] = 0;
      if (va_store_tables[i]->counts == NULL)
        continue;
      reader = va_db_reader (store->backend, error);
      if (reader == NULL || !ask_number (reader, va_store_tables[i]->counts, &rows[i], error))
        return FALSE;
    }
  return TRUE;
}
