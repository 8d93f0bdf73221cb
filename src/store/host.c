/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/host.h"

#include "core/i18n.h"
#include "store/named.h"
#include "store/page.h"
#include "store/store-private.h"
#include "store/table.h"

#define HOST_KEY(FIRST, NEXT, R) FIRST (R, name, text, name)
#define HOST_VALUES(FIRST, NEXT, R) \
  FIRST (R, seen, number, seen) \
  NEXT (R, features, text, features)
#define HOST_COLUMNS(FIRST, NEXT, R) HOST_KEY (FIRST, NEXT, R) HOST_VALUES (NEXT, NEXT, R)

static const VaStoreColumn host_columns[] = { VA_STORE_COLUMNS (HOST_COLUMNS, VaStoredHost) };
const VaStoreTable va_store_table_hosts = {
  .name = "hosts",
  .columns = host_columns,
  .length = G_N_ELEMENTS (host_columns),
  .record_size = sizeof (VaStoredHost),
  .counts = "SELECT count(*) FROM hosts",
  .is_content = TRUE,
};

void
va_stored_host_free (VaStoredHost *host)
{
  va_store_table_free (&va_store_table_hosts, host);
}

static gboolean
insert_host (VaDb *sql, gpointer data, GError **error)
{
  return va_store_table_run (sql, &va_store_table_hosts, data,
                             "INSERT INTO hosts (" VA_STORE_NAMES (HOST_COLUMNS) ") VALUES (" VA_STORE_PLACES (
                               HOST_COLUMNS) ") ON CONFLICT (name) DO UPDATE SET " VA_STORE_KEPT (HOST_VALUES),
                             error);
}

gboolean
va_store_put_host (VaStore *store, const VaStoredHost *host, VaAuditEntry *entry, GError **error)
{
  return va_db_transact (store->backend, insert_host, (gpointer) host, entry, error);
}

static gpointer
read_host (VaDbStatement *row)
{
  return va_store_table_read (&va_store_table_hosts, row);
}

static VaDbStatement *
query_hosts (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredHost *before = last;

  return va_db_query (sql, error,
                      "SELECT " VA_STORE_NAMES (HOST_COLUMNS) " FROM hosts WHERE name > ? ORDER BY name LIMIT ?", "ti",
                      va_store_text_after (before != NULL ? before->name : NULL, page->after), limit);
}

static gsize
host_size (gconstpointer record)
{
  const VaStoredHost *host = record;

  return sizeof *host + va_store_text_size (host->name) + va_store_text_size (host->features);
}

GPtrArray *
va_store_list_hosts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_hosts, read_host, host_size, (GDestroyNotify) va_stored_host_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_page_read (reader, &kind, page, page->limit, page->bytes, more, error);
}

VaStoredHost *
va_store_get_host (VaStore *store, const char *name, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error, "SELECT " VA_STORE_NAMES (HOST_COLUMNS) " FROM hosts WHERE name = ?", "t", name);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("there is no host “%s”"), name);
  return status == 1 ? read_host (row) : NULL;
}
