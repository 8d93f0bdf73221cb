/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/secret.h"

#include "core/i18n.h"
#include "store/named.h"
#include "store/page.h"
#include "store/store-private.h"
#include "store/table.h"

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

static void
refuse_missing_secret (int status, const char *name, GError **error)
{
  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("you have no secret “%s”"), name);
}

static const VaNamed named_secret = {
  "SELECT vm, secret FROM registration_secrets WHERE owner = ? AND secret = ? LIMIT 1",
  names_secret,
  "DELETE FROM secrets WHERE owner = ? AND name = ?",
  refuse_missing_secret,
};

#define SECRET_KEY(FIRST, NEXT, R) \
  FIRST (R, owner, text, owner) \
  NEXT (R, name, text, name)
#define SECRET_VALUES(FIRST, NEXT, R) \
  FIRST (R, guid, guid, guid) \
  NEXT (R, size, size, size) \
  NEXT (R, created, number, created) \
  NEXT (R, sealed, bytes, sealed) \
  NEXT (R, key_id, key, key)
#define SECRET_COLUMNS(FIRST, NEXT, R) SECRET_KEY (FIRST, NEXT, R) SECRET_VALUES (NEXT, NEXT, R)

#define LABEL_SECRET(row) ((VaSealLabel){ "secrets", (row), "value" })

static const VaStoreColumn secret_columns[] = { VA_STORE_COLUMNS (SECRET_COLUMNS, VaStoredSecret) };

/* A secret is held in place by owner and name; its GUID too, since that decides who in the guest reads it. */
static char *
join_secret_row (const VaStoredSecret *secret)
{
  g_autofree char *guid = va_guid_format (secret->guid);

  return g_strjoin ("\n", secret->owner, secret->name, guid, NULL);
}

static gboolean
move_secret (gpointer record, const VaStoreMove *to, GError **error)
{
  VaStoredSecret *secret = record;
  g_autofree char *row = join_secret_row (secret);
  const VaSealLabel label = LABEL_SECRET (row);

  if (!va_store_move_value (to, secret->key, &label, &secret->sealed, error))
    return FALSE;
  secret->key = to->key;
  return TRUE;
}

static gboolean
put_back_secret (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredSecret *secret = record;

  return va_db_run (sql, error, "UPDATE secrets SET sealed = ?, key_id = ? WHERE owner = ? AND name = ?", "bktt",
                    secret->sealed, (gint64) secret->key, secret->owner, secret->name);
}

const VaStoreTable va_store_table_secrets = {
  .name = "secrets",
  .columns = secret_columns,
  .length = G_N_ELEMENTS (secret_columns),
  .record_size = sizeof (VaStoredSecret),
  .counts = "SELECT count(*) FROM secrets",
  .is_content = TRUE,
  .needs_keys = TRUE,
  .counter = VA_STORE_COUNTER (secrets),
  .move = move_secret,
  .put_back = put_back_secret,
};

static const VaStoreQuotaRule secret_quota = {
  "SELECT count(*), CAST (COALESCE (sum(size), 0) AS BIGINT) FROM secrets WHERE owner = ? AND owner = ?",
  N_("your quota of secrets does not allow this one"),
  N_("remove secrets that no registration names with “virt-attest secret remove”"),
};

void
va_stored_secret_free (VaStoredSecret *secret)
{
  va_store_table_free (&va_store_table_secrets, secret);
}

static gpointer
read_secret (VaDbStatement *row)
{
  return va_store_table_read (&va_store_table_secrets, row);
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

  return find_replaced_secret (sql, secret->owner, secret->name, &work->replaced, error)
         && va_store_table_run (
           sql, &va_store_table_secrets, secret,
           "INSERT INTO secrets (" VA_STORE_NAMES (SECRET_COLUMNS) ") VALUES (" VA_STORE_PLACES (
             SECRET_COLUMNS) ") ON CONFLICT (owner, name) DO UPDATE SET " VA_STORE_KEPT (SECRET_VALUES),
           error)
         && va_store_quota_check (sql, &secret_quota, &work->quota->secrets, secret->owner, work->replaced.is_new,
                                  error);
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

gboolean
va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, VaReplacedSecret *replaced,
                     VaAuditEntry *entry, GError **error)
{
  g_autofree char *row = join_secret_row (secret);
  const VaSealLabel label = LABEL_SECRET (row);
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
  g_autofree char *row = join_secret_row (secret);
  const VaSealLabel label = LABEL_SECRET (row);
  VaSeal *seal = va_store_seal_of (store, secret->key, error);

  return seal != NULL ? va_seal_open (seal, &label, secret->sealed, error) : NULL;
}

VaStoredSecret *
va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error, "SELECT " VA_STORE_NAMES (SECRET_COLUMNS) " FROM secrets WHERE owner = ? AND name = ?",
                 "tt", owner, name);
  int status = row != NULL ? va_db_row (row, error) : -1;

  refuse_missing_secret (status, name, error);
  return status == 1 ? read_secret (row) : NULL;
}

static VaDbStatement *
query_secrets (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredSecret *before = last;

  return va_db_query (sql, error,
                      "SELECT " VA_STORE_NAMES (SECRET_COLUMNS) " FROM secrets WHERE owner = ? AND name > ? ORDER BY "
                                                                "name LIMIT ?",
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
  static const VaPageKind kind = { query_secrets, read_secret, secret_size, (GDestroyNotify) va_stored_secret_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_page_read (reader, &kind, page, page->limit, page->bytes, more, error);
}

gboolean
va_store_remove_secret (VaStore *store, const char *owner, const char *name, VaAuditEntry *entry, GError **error)
{
  return va_store_named_remove (store->backend, &named_secret, owner, name, entry, error);
}
