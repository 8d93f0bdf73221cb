/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/sqlite.h"

/* Changes of registrations that wait for a second person. */

typedef struct {
  const VaStoredProposal *proposal;
  const char *owner, *vm;
} Work;

static gboolean
set_not_there (const char *vm, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("nothing is proposed for registration %s"), vm);
  return FALSE;
}

static gboolean
insert_proposal (VaSqliteConnection *connection, gpointer data, GError **error)
{
  const VaStoredProposal *proposal = ((Work *) data)->proposal;

  return va_sqlite_check_version (connection, proposal->vm, proposal->owner, proposal->replaces, error)
         && va_sqlite_run (connection, error,
                           "INSERT OR REPLACE INTO proposals (vm, owner, person, created, replaces, digest, text, sealed)"
                           " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                           "tttiittb", proposal->vm, proposal->owner, proposal->person, proposal->created,
                           (gint64) proposal->replaces, proposal->digest, proposal->text, proposal->sealed);
}

static gboolean
put_proposal (VaBackend *backend, const VaStoredProposal *proposal, JsonObject *entry, GError **error)
{
  Work work = { .proposal = proposal };

  return va_sqlite_transact (backend, insert_proposal, &work, entry, error);
}

static VaStoredProposal *
get_proposal (VaBackend *backend, const char *vm, GError **error)
{
  VaSqliteConnection *reader = va_sqlite_reader (backend);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&reader->mutex);
  g_autoptr(VaStatement) row = va_sqlite_query (reader, error,
                                                "SELECT vm, owner, person, created, replaces, digest, text, sealed"
                                                " FROM proposals WHERE vm = ?", "t", vm);
  int status = row != NULL ? va_sqlite_row (row, error) : -1;
  VaStoredProposal *proposal;

  if (status == 0)
    set_not_there (vm, error);
  if (status != 1)
    return NULL;
  proposal = g_new0 (VaStoredProposal, 1);
  proposal->vm = va_column_text (row, 0);
  proposal->owner = va_column_text (row, 1);
  proposal->person = va_column_text (row, 2);
  proposal->created = va_column_number (row, 3);
  proposal->replaces = (guint64) va_column_number (row, 4);
  proposal->digest = va_column_text (row, 5);
  proposal->text = va_column_text (row, 6);
  proposal->sealed = va_column_bytes (row, 7);
  return proposal;
}

static gboolean
delete_proposal (VaSqliteConnection *connection, gpointer data, GError **error)
{
  const Work *work = data;

  return va_sqlite_run (connection, error, "DELETE FROM proposals WHERE vm = ? AND owner = ?", "tt", work->vm,
                        work->owner)
         && (va_sqlite_changes (connection) == 1 || set_not_there (work->vm, error));
}

static gboolean
remove_proposal (VaBackend *backend, const char *owner, const char *vm, JsonObject *entry, GError **error)
{
  Work work = { .owner = owner, .vm = vm };

  return va_sqlite_transact (backend, delete_proposal, &work, entry, error);
}

gboolean
va_sqlite_take_proposal (VaSqliteConnection *connection, const char *vm, const char *digest, GError **error)
{
  if (!va_sqlite_run (connection, error, "DELETE FROM proposals WHERE vm = ? AND (digest = ? OR ? IS NULL)", "ttt", vm,
                      digest, digest))
    return FALSE;
  if (digest == NULL || va_sqlite_changes (connection) == 1)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the proposal was replaced meanwhile"));
  return FALSE;
}

void
va_sqlite_add_proposals (VaBackendClass *class)
{
  class->put_proposal = put_proposal;
  class->get_proposal = get_proposal;
  class->remove_proposal = remove_proposal;
}
