/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/page.h"
#include "store/rows.h"
#include "store/store-private.h"

/* Secrets that owners have stored under a name. */

typedef struct {
  const VaStoredSecret *secret;
  const VaQuota *quota;
  VaReplacedSecret replaced;
} SecretWork;

static gboolean
names_secret (const char *text, const char *name)
{
  return g_strcmp0 (text, name) == 0;
}

static const VaNamed named_secret = {
  "SELECT vm, secret FROM registration_secrets WHERE owner = ? AND secret = ? LIMIT 1",
  names_secret,
  "DELETE FROM secrets WHERE owner = ? AND name = ?",
  N_("you have no secret"),
};

gpointer
va_store_secret_read (VaDbStatement *row)
{
  VaStoredSecret *secret = g_new0 (VaStoredSecret, 1);
  g_autofree char *guid = va_db_column_needed_text (row, 2);

  secret->owner = va_db_column_needed_text (row, 0);
  secret->name = va_db_column_needed_text (row, 1);
  /* A text that is no GUID leaves zeros, under which the value does not open. */
  if (guid != NULL && !va_guid_parse (guid, secret->guid, NULL))
    memset (secret->guid, 0, sizeof secret->guid);
  secret->size = (gsize) va_db_column_number (row, 3);
  secret->created = va_db_column_number (row, 4);
  secret->sealed = va_db_column_needed_bytes (row, 5);
  secret->key = (guint64) va_db_column_number (row, 6);
  return secret;
}

static gboolean
find_replaced_secret (VaDb *sql, const char *owner, const char *name, VaReplacedSecret *replaced, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT created, size FROM secrets WHERE owner = ? AND name = ?", "tt", owner, name);
  int status = row != NULL ? va_db_row (row, error) : -1;

  replaced->is_new = status != 1;
  if (status == 1)
    {
      replaced->created = va_db_column_number (row, 0);
      replaced->size = (gsize) va_db_column_number (row, 1);
    }
  return status >= 0;
}

static gboolean
insert_secret (VaDb *sql, gpointer data, GError **error)
{
  SecretWork *work = data;
  const VaStoredSecret *secret = work->secret;
  g_autofree char *guid = va_guid_format (secret->guid);

  if (!find_replaced_secret (sql, secret->owner, secret->name, &work->replaced, error))
    return FALSE;
  return va_db_run (sql, error,
                    "INSERT INTO secrets (" VA_SECRET_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (owner, name) DO UPDATE SET guid = excluded.guid, size = excluded.size,"
                    " created = excluded.created, sealed = excluded.sealed, key_id = excluded.key_id",
                    "tttiibk", secret->owner, secret->name, guid, (gint64) secret->size, secret->created,
                    secret->sealed, (gint64) secret->key)
         && va_store_quota_check_secrets (sql, work->quota, secret->owner, work->replaced.is_new, error);
}

static gboolean
put_secret (VaDbBackend *backend, const VaStoredSecret *secret, VaReplacedSecret *replaced, VaAuditEntry *entry,
            GError **error)
{
  SecretWork work = { .secret = secret, .quota = &va_store_side (backend)->quota };

  if (!va_db_transact (backend, insert_secret, &work, entry, error))
    return FALSE;
  *replaced = work.replaced;
  return TRUE;
}

/* A secret is held in place by owner and name; its GUID too, since that decides who in the guest reads it. */
char *
va_store_secret_row (const VaStoredSecret *secret)
{
  g_autofree char *guid = va_guid_format (secret->guid);

  return g_strjoin ("\n", secret->owner, secret->name, guid, NULL);
}

gboolean
va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, VaReplacedSecret *replaced,
                     VaAuditEntry *entry, GError **error)
{
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  secret->size = va_secret_size (value);
  do
    {
      VaSeal *seal = va_store_newest_seal (store, &secret->key);

      g_clear_pointer (&secret->sealed, g_bytes_unref);
      secret->sealed = va_seal_close (seal, &label, value);
      ok = put_secret (store->backend, secret, replaced, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason, error));
  return ok;
}

VaSecret *
va_store_open_secret (VaStore *store, const VaStoredSecret *secret, GError **error)
{
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);
  VaSeal *seal = va_store_seal_of (store, secret->key, error);

  return seal != NULL ? va_seal_open (seal, &label, secret->sealed, error) : NULL;
}

VaStoredSecret *
va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error,
                                              "SELECT " VA_SECRET_COLUMNS " FROM secrets WHERE owner = ? AND name = ?",
                                              "tt", owner, name);
  int status = row != NULL ? va_db_row (row, error) : -1;

  va_store_set_not_found (status, error, _("you have no secret"), name);
  return status == 1 ? va_store_secret_read (row) : NULL;
}

static VaDbStatement *
query_secrets (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredSecret *before = last;

  return va_db_query (sql, error,
                      "SELECT " VA_SECRET_COLUMNS " FROM secrets WHERE owner = ? AND name > ? ORDER BY name LIMIT ?",
                      "tti", page->owner, va_store_text_after (before != NULL ? before->name : NULL, page->after),
                      limit);
}

static gsize
secret_size (gconstpointer record)
{
  const VaStoredSecret *secret = record;

  return sizeof *secret + va_store_text_size (secret->name)
         + (secret->sealed != NULL ? g_bytes_get_size (secret->sealed) : 0);
}

GPtrArray *
va_store_list_secrets (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_secrets, va_store_secret_read, secret_size,
                                   (GDestroyNotify) va_stored_secret_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_page_read (reader, &kind, page, page->limit, page->bytes, more, error);
}

gboolean
va_store_remove_secret (VaStore *store, const char *owner, const char *name, VaAuditEntry *entry, GError **error)
{
  return va_store_named_remove (store->backend, &named_secret, owner, name, entry, error);
}
