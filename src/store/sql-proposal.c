/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/sql-rows.h"

/* Changes of registrations that wait for a second person. */

typedef struct {
  const VaStoredProposal *proposal;
  const char *owner, *vm;
  const VaQuota *quota;
} Work;

static gboolean
set_not_there (const char *vm, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("nothing is proposed for registration %s"), vm);
  return FALSE;
}

static gboolean
insert_proposal (VaSql *sql, gpointer data, GError **error)
{
  const VaStoredProposal *proposal = ((Work *) data)->proposal;

  return va_sql_check_version (sql, proposal->owner, proposal->vm, proposal->replaces, error)
         && va_sql_run (sql, error,
                           "INSERT INTO proposals (" VA_PROPOSAL_COLUMNS ")"
                           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, vm) DO UPDATE SET"
                           " person = excluded.person, created = excluded.created, replaces = excluded.replaces,"
                           " digest = excluded.digest, text = excluded.text, sealed = excluded.sealed,"
                           " key_id = excluded.key_id",
                           "tttiittbk", proposal->vm, proposal->owner, proposal->person, proposal->created,
                           (gint64) proposal->replaces, proposal->digest, proposal->text, proposal->sealed,
                           (gint64) proposal->key)
         && (proposal->text[0] == '\0' /* a removal */
             || va_sql_check_registrations (sql, ((Work *) data)->quota, proposal->owner, TRUE, error));
}

static gboolean
put_proposal (VaBackend *backend, const VaStoredProposal *proposal, JsonObject *entry, GError **error)
{
  Work work = { .proposal = proposal, .quota = &backend->quota };

  return va_sql_transact (backend, insert_proposal, &work, entry, error);
}

gpointer
va_sql_read_proposal (VaStatement *row)
{
  VaStoredProposal *proposal = g_new0 (VaStoredProposal, 1);

  proposal->vm = va_column_needed_text (row, 0);
  proposal->owner = va_column_needed_text (row, 1);
  proposal->person = va_column_needed_text (row, 2);
  proposal->created = va_column_number (row, 3);
  proposal->replaces = (guint64) va_column_number (row, 4);
  proposal->digest = va_column_needed_text (row, 5);
  proposal->text = va_column_needed_text (row, 6);
  proposal->sealed = va_column_needed_bytes (row, 7);
  proposal->key = (guint64) va_column_number (row, 8);
  return proposal;
}

static VaStoredProposal *
get_proposal (VaBackend *backend, const char *owner, const char *vm, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (backend, error);
  g_autoptr(VaStatement) row = va_sql_query (reader, error,
                                             "SELECT " VA_PROPOSAL_COLUMNS " FROM proposals WHERE owner = ? AND vm = ?",
                                             "tt", owner, vm);
  int status = row != NULL ? va_sql_row (row, error) : -1;

  if (status == 0)
    set_not_there (vm, error);
  return status == 1 ? va_sql_read_proposal (row) : NULL;
}

static gboolean
delete_proposal (VaSql *sql, gpointer data, GError **error)
{
  const Work *work = data;

  return va_sql_run (sql, error, "DELETE FROM proposals WHERE owner = ? AND vm = ?", "tt", work->owner,
                        work->vm)
         && (va_sql_changes (sql) == 1 || set_not_there (work->vm, error));
}

static gboolean
remove_proposal (VaBackend *backend, const char *owner, const char *vm, JsonObject *entry, GError **error)
{
  Work work = { .owner = owner, .vm = vm };

  return va_sql_transact (backend, delete_proposal, &work, entry, error);
}

gboolean
va_sql_take_proposal (VaSql *sql, const char *owner, const char *vm, const char *digest, GError **error)
{
  if (!va_sql_run (sql, error, "DELETE FROM proposals WHERE owner = ? AND vm = ? AND (digest = ? OR ? IS NULL)", "tttt",
                   owner, vm, digest, digest))
    return FALSE;
  if (digest == NULL || va_sql_changes (sql) == 1)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the proposal was replaced meanwhile"));
  return FALSE;
}

void
va_sql_add_proposals (VaBackendClass *class)
{
  class->put_proposal = put_proposal;
  class->get_proposal = get_proposal;
  class->remove_proposal = remove_proposal;
}
