/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/rows.h"
#include "store/store-private.h"

/* Changes of registrations that wait for a second person. */

typedef struct {
  const VaStoredProposal *proposal;
  const char *owner, *vm;
  const VaQuota *quota;
} ProposalWork;

static gboolean
set_not_there (const char *vm, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("nothing is proposed for registration %s"), vm);
  return FALSE;
}

static gboolean
insert_proposal (VaDb *sql, gpointer data, GError **error)
{
  const VaStoredProposal *proposal = ((ProposalWork *) data)->proposal;

  return va_store_registration_check_version (sql, proposal->owner, proposal->vm, proposal->replaces, error)
         && va_db_run (sql, error,
                       "INSERT INTO proposals (" VA_PROPOSAL_COLUMNS ")"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, vm) DO UPDATE SET"
                       " person = excluded.person, created = excluded.created, replaces = excluded.replaces,"
                       " digest = excluded.digest, text = excluded.text, sealed = excluded.sealed,"
                       " key_id = excluded.key_id",
                       "tttiittbk", proposal->vm, proposal->owner, proposal->person, proposal->created,
                       (gint64) proposal->replaces, proposal->digest, proposal->text, proposal->sealed,
                       (gint64) proposal->key)
         && (proposal->text[0] == '\0' /* a removal */
             || va_store_quota_check_registrations (sql, ((ProposalWork *) data)->quota, proposal->owner, TRUE, error));
}

static gboolean
put_proposal (VaDbBackend *backend, const VaStoredProposal *proposal, VaAuditEntry *entry, GError **error)
{
  ProposalWork work = { .proposal = proposal, .quota = &va_store_side (backend)->quota };

  return va_db_transact (backend, insert_proposal, &work, entry, error);
}

char *
va_store_proposal_row (const VaStoredProposal *proposal)
{
  return g_strdup_printf ("%s\n%s\n%s\n%" G_GUINT64_FORMAT "\n%s", proposal->vm, proposal->owner, proposal->person,
                          proposal->replaces, proposal->text);
}

/* Of the row and its sealed value, which is another one each time. */
static char *
proposal_digest (const char *row, GBytes *sealed)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size;
  gconstpointer data = g_bytes_get_data (sealed, &size);

  g_checksum_update (sum, (const guchar *) row, (gssize) strlen (row));
  g_checksum_update (sum, data, (gssize) size);
  return g_strdup (g_checksum_get_string (sum));
}

gboolean
va_store_put_proposal (VaStore *store, VaStoredProposal *proposal, VaSecret *inline_secrets, VaAuditEntry *entry,
                       GError **error)
{
  g_autofree char *row = va_store_proposal_row (proposal);
  const VaSealLabel label = VA_LABEL_PROPOSAL (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      VaSeal *seal = va_store_newest_seal (store, &proposal->key);

      g_clear_pointer (&proposal->sealed, g_bytes_unref);
      proposal->sealed = va_seal_close (seal, &label, inline_secrets);
      g_free (proposal->digest);
      proposal->digest = proposal_digest (row, proposal->sealed);
      if (entry != NULL)
        va_audit_entry_set_text (entry, VA_AUDIT_PROPOSAL, proposal->digest);
      ok = put_proposal (store->backend, proposal, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason, error));
  return ok;
}

char *
va_store_moved_proposal_row (const VaStoredProposal *proposal)
{
  g_autofree char *row = va_store_proposal_row (proposal);

  return g_strconcat (proposal->digest, "\n", row, NULL);
}

/* One that rekeying has sealed again, so that its digest, which people may have noted, is not that of its sealed value
   any more but part of what holds it in place. %NULL: it is not one. */
static VaSecret *
open_moved_proposal (VaSeal *seal, const VaStoredProposal *proposal)
{
  g_autofree char *row = va_store_moved_proposal_row (proposal);
  const VaSealLabel label = VA_LABEL_MOVED_PROPOSAL (row);

  return va_seal_open (seal, &label, proposal->sealed, NULL);
}

VaSecret *
va_store_open_proposal (VaStore *store, const VaStoredProposal *proposal, GError **error)
{
  g_autofree char *row = va_store_proposal_row (proposal), *digest = proposal_digest (row, proposal->sealed);
  const VaSealLabel label = VA_LABEL_PROPOSAL (row);
  VaSeal *seal = va_store_seal_of (store, proposal->key, error);
  VaSecret *moved;

  if (seal == NULL)
    return NULL;
  if (g_str_equal (digest, proposal->digest))
    return va_seal_open (seal, &label, proposal->sealed, error);
  moved = open_moved_proposal (seal, proposal);
  if (moved != NULL)
    return moved;
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("the stored proposal for %s was changed"), proposal->vm);
  return NULL;
}

gpointer
va_store_proposal_read (VaDbStatement *row)
{
  VaStoredProposal *proposal = g_new0 (VaStoredProposal, 1);

  proposal->vm = va_db_column_needed_text (row, 0);
  proposal->owner = va_db_column_needed_text (row, 1);
  proposal->person = va_db_column_needed_text (row, 2);
  proposal->created = va_db_column_number (row, 3);
  proposal->replaces = (guint64) va_db_column_number (row, 4);
  proposal->digest = va_db_column_needed_text (row, 5);
  proposal->text = va_db_column_needed_text (row, 6);
  proposal->sealed = va_db_column_needed_bytes (row, 7);
  proposal->key = (guint64) va_db_column_number (row, 8);
  return proposal;
}

VaStoredProposal *
va_store_get_proposal (VaStore *store, const char *owner, const char *vm, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error, "SELECT " VA_PROPOSAL_COLUMNS " FROM proposals WHERE owner = ? AND vm = ?", "tt", owner,
                 vm);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    set_not_there (vm, error);
  return status == 1 ? va_store_proposal_read (row) : NULL;
}

static gboolean
delete_proposal (VaDb *sql, gpointer data, GError **error)
{
  const ProposalWork *work = data;

  return va_db_run (sql, error, "DELETE FROM proposals WHERE owner = ? AND vm = ?", "tt", work->owner, work->vm)
         && (va_db_changes (sql) == 1 || set_not_there (work->vm, error));
}

gboolean
va_store_remove_proposal (VaStore *store, const char *owner, const char *vm, VaAuditEntry *entry, GError **error)
{
  ProposalWork work = { .owner = owner, .vm = vm };

  return va_db_transact (store->backend, delete_proposal, &work, entry, error);
}

gboolean
va_store_proposal_take (VaDb *sql, const char *owner, const char *vm, const char *digest, GError **error)
{
  if (!va_db_run (sql, error, "DELETE FROM proposals WHERE owner = ? AND vm = ? AND (digest = ? OR ? IS NULL)", "tttt",
                  owner, vm, digest, digest))
    return FALSE;
  if (digest == NULL || va_db_changes (sql) == 1)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the proposal was replaced meanwhile"));
  return FALSE;
}
