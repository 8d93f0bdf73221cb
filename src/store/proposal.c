/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/proposal.h"

#include <inttypes.h>
#include "core/i18n.h"
#include "store/registration.h"
#include "store/store-private.h"
#include "store/table.h"

/* Changes of registrations that wait for a second person. */

#define PROPOSAL_KEY(FIRST, NEXT, R) \
  FIRST (R, vm, text, vm) \
  NEXT (R, owner, text, owner)
#define PROPOSAL_VALUES(FIRST, NEXT, R) \
  FIRST (R, person, text, person) \
  NEXT (R, created, number, created) \
  NEXT (R, replaces, count, replaces) \
  NEXT (R, digest, text, digest) \
  NEXT (R, text, text, text) \
  NEXT (R, sealed, bytes, sealed) \
  NEXT (R, key_id, key, key)
#define PROPOSAL_COLUMNS(FIRST, NEXT, R) PROPOSAL_KEY (FIRST, NEXT, R) PROPOSAL_VALUES (NEXT, NEXT, R)

#define LABEL_PROPOSAL(row) ((VaSealLabel){ "proposals", (row), "secrets and rules" })
#define LABEL_MOVED_PROPOSAL(row) ((VaSealLabel){ "proposals", (row), "secrets and rules, moved" })

static const VaStoreColumn proposal_columns[] = { VA_STORE_COLUMNS (PROPOSAL_COLUMNS, VaStoredProposal) };

static char *
join_proposal_row (const VaStoredProposal *proposal)
{
  return g_strdup_printf ("%s\n%s\n%s\n%" PRIu64 "\n%s", proposal->vm, proposal->owner, proposal->person,
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

/* After rekeying, which keeps its digest. */
static char *
join_moved_proposal_row (const VaStoredProposal *proposal)
{
  g_autofree char *row = join_proposal_row (proposal);

  return g_strconcat (proposal->digest, "\n", row, NULL);
}

/* One that rekeying has sealed again, so that its digest, which people may have noted, is not that of its sealed value
   any more but part of what holds it in place. %NULL: it is not one. */
static VaSecret *
open_moved_proposal (VaSeal *seal, const VaStoredProposal *proposal)
{
  g_autofree char *row = join_moved_proposal_row (proposal);
  const VaSealLabel label = LABEL_MOVED_PROPOSAL (row);

  return va_seal_open (seal, &label, proposal->sealed, NULL);
}

VaSecret *
va_store_open_proposal (VaStore *store, const VaStoredProposal *proposal, GError **error)
{
  g_autofree char *row = join_proposal_row (proposal), *digest = proposal_digest (row, proposal->sealed);
  const VaSealLabel label = LABEL_PROPOSAL (row);
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

static gboolean
move_proposal (gpointer record, const VaStoreMove *to, GError **error)
{
  VaStoredProposal *proposal = record;
  g_autofree char *row = join_moved_proposal_row (proposal);
  const VaSealLabel label = LABEL_MOVED_PROPOSAL (row);
  g_autoptr(VaSecret) value = va_store_open_proposal (to->store, proposal, error);

  if (value == NULL)
    return FALSE;
  g_bytes_unref (proposal->sealed);
  proposal->sealed = va_seal_close (to->seal, &label, value);
  proposal->key = to->key;
  return TRUE;
}

static gboolean
put_back_proposal (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredProposal *proposal = record;

  return va_db_run (sql, error, "UPDATE proposals SET sealed = ?, key_id = ? WHERE owner = ? AND vm = ?", "bktt",
                    proposal->sealed, (gint64) proposal->key, proposal->owner, proposal->vm);
}

const VaStoreTable va_store_table_proposals = {
  .name = "proposals",
  .columns = proposal_columns,
  .length = G_N_ELEMENTS (proposal_columns),
  .record_size = sizeof (VaStoredProposal),
  .counts = "SELECT count(*) FROM proposals",
  .is_content = TRUE,
  .needs_keys = TRUE,
  .move = move_proposal,
  .put_back = put_back_proposal,
};

void
va_stored_proposal_free (VaStoredProposal *proposal)
{
  va_store_table_free (&va_store_table_proposals, proposal);
}

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
         && va_store_table_run (
           sql, &va_store_table_proposals, proposal,
           "INSERT INTO proposals (" VA_STORE_NAMES (PROPOSAL_COLUMNS) ") VALUES (" VA_STORE_PLACES (
             PROPOSAL_COLUMNS) ") ON CONFLICT"
                               " (owner, vm) DO UPDATE SET " VA_STORE_KEPT (PROPOSAL_VALUES),
           error)
         && (proposal->text[0] == '\0' /* a removal */
             || va_store_registration_check_quota (sql, ((ProposalWork *) data)->quota, proposal->owner, TRUE, error));
}

static gboolean
put_proposal (VaDbBackend *backend, const VaStoredProposal *proposal, VaAuditEntry *entry, GError **error)
{
  ProposalWork work = { .proposal = proposal, .quota = &va_store_side (backend)->quota };

  return va_db_transact (backend, insert_proposal, &work, entry, error);
}

gboolean
va_store_put_proposal (VaStore *store, VaStoredProposal *proposal, VaSecret *inline_secrets, VaAuditEntry *entry,
                       GError **error)
{
  g_autofree char *row = join_proposal_row (proposal);
  const VaSealLabel label = LABEL_PROPOSAL (row);
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

VaStoredProposal *
va_store_get_proposal (VaStore *store, const char *owner, const char *vm, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error,
                 "SELECT " VA_STORE_NAMES (PROPOSAL_COLUMNS) " FROM proposals WHERE owner = ? AND vm = ?", "tt", owner,
                 vm);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    set_not_there (vm, error);
  return status == 1 ? va_store_table_read (&va_store_table_proposals, row) : NULL;
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
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the proposal was replaced in the meantime"));
  return FALSE;
}
