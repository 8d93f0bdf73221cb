/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/rows.h"
#include "store/store-private.h"

/* How large the store is. */

/* A statement is kept by the address of its text. The audit log's records follow each other without a gap, and there
   may be millions of them. */
#define COUNT(table) \
  { \
#table, "SELECT count(*) FROM " #table \
  }
static const struct {
  const char *name, *query;
} tables[VA_STORE_TABLES] = { COUNT (artifacts), { "audit", "SELECT COALESCE (max(seq) - min(seq) + 1, 0) FROM audit" },
                              COUNT (hosts),     COUNT (launches),
                              COUNT (proposals), COUNT (registrations),
                              COUNT (secrets) };

const char *
va_store_table_name (guint i)
{
  g_return_val_if_fail (i < VA_STORE_TABLES, "");
  return tables[i].name;
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
      g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

      if (reader == NULL || !ask_number (reader, tables[i].query, &rows[i], error))
        return FALSE;
    }
  return TRUE;
}
