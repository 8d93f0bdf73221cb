/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "kek/seal.h"
#include "db/postgresql.h"
#include "db/sqlite.h"
#include "store/audit-place.h"
#include "store/schema.h"
#include "store/store-private.h"

gboolean
va_store_is_url (const char *place)
{
  return va_db_postgresql_is_url (place);
}

gboolean
va_store_check_url (const char *url, GError **error)
{
  return va_db_postgresql_check_url (url, error);
}

static void
free_side (gpointer data)
{
  VaStoreSide *side = data;

  g_mutex_clear (&side->mutex);
  g_free (side);
}

void
va_store_side_add (VaDbBackend *backend)
{
  VaStoreSide *side = g_new0 (VaStoreSide, 1);

  side->quota = VA_QUOTA_NONE;
  g_mutex_init (&side->mutex);
  backend->owner = side;
  backend->free_owner = free_side;
  backend->hooks = &va_audit_hooks;
}

VaDbBackend *
va_store_open_backend (const char *place, VaStoreWhich which, GError **error)
{
  gboolean present = which == VA_STORE_PRESENT;
  VaDbBackend *backend = va_store_is_url (place) ? va_db_postgresql_open (place, &va_schema_postgresql, present, error)
                                                 : va_db_sqlite_open (place, &va_schema_sqlite, present, error);

  if (backend != NULL)
    va_store_side_add (backend);
  return backend;
}

VaStore *
va_store_open (const char *place, VaStoreWhich which, VaKek *kek, GError **error)
{
  g_autoptr(VaStore) store = g_new0 (VaStore, 1);

  g_mutex_init (&store->mutex);
  store->seals = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) va_seal_free);
  store->rows = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  store->kek = kek;
  store->backend = va_store_open_backend (place, which, error);
  if (store->backend == NULL || !va_store_open_data_keys (store, which == VA_STORE_ANY, error))
    return NULL;
  return g_steal_pointer (&store);
}

void
va_store_close (VaStore *store)
{
  if (store == NULL)
    return;
  if (store->backend != NULL)
    va_db_backend_free (store->backend);
  g_hash_table_unref (store->seals);
  g_hash_table_unref (store->rows);
  va_secret_free (store->audit_key);
  g_mutex_clear (&store->mutex);
  g_free (store);
}

gboolean
va_store_ping (VaStore *store, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) statement = va_db_query (reader, error, "SELECT count(*) FROM counters", "");

  return statement != NULL && va_db_row (statement, error) == 1;
}

void
va_store_set_quota (VaStore *store, const VaQuota *quota)
{
  va_store_side (store->backend)->quota = *quota;
}

void
va_store_statistics (VaStore *store, VaStoreStatistics *out)
{
  va_db_statistics (store->backend, out);
}
