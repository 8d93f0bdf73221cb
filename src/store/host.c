/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/page.h"
#include "store/rows.h"
#include "store/store-private.h"

/* Hosts that have asked for a launch. */

static gboolean
insert_host (VaDb *sql, gpointer data, GError **error)
{
  const VaStoredHost *host = data;

  return va_db_run (sql, error,
                    "INSERT INTO hosts (name, seen, features) VALUES (?, ?, ?) ON CONFLICT (name)"
                    " DO UPDATE SET seen = excluded.seen, features = excluded.features",
                    "tit", host->name, host->seen, host->features);
}

gboolean
va_store_put_host (VaStore *store, const VaStoredHost *host, VaAuditEntry *entry, GError **error)
{
  return va_db_transact (store->backend, insert_host, (gpointer) host, entry, error);
}

static gpointer
read_host (VaDbStatement *row)
{
  VaStoredHost *host = g_new0 (VaStoredHost, 1);

  host->name = va_db_column_needed_text (row, 0);
  host->seen = va_db_column_number (row, 1);
  host->features = va_db_column_needed_text (row, 2);
  return host;
}

static VaDbStatement *
query_hosts (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredHost *before = last;

  return va_db_query (sql, error, "SELECT name, seen, features FROM hosts WHERE name > ? ORDER BY name LIMIT ?", "ti",
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
    va_db_query (reader, error, "SELECT name, seen, features FROM hosts WHERE name = ?", "t", name);
  int status = row != NULL ? va_db_row (row, error) : -1;

  va_store_set_not_found (status, error, _("there is no host"), name);
  return status == 1 ? read_host (row) : NULL;
}
