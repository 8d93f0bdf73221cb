/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/launch-table.h"
#include "store/store-private.h"

/* How a launch goes on, and what that means for what was approved. */

typedef struct {
  const char *id;
  VaLaunchChange change;
  gpointer change_data;
  VaAuditEntry *entry;
} ChangeWork;

/* Keys are gone when a launch is no longer open. */
static gboolean
write_back (VaDb *sql, VaStoredLaunch *launch, GError **error)
{
  g_auto(VaStoreValues) values = { .length = 0 };

  if (launch->state != VA_LAUNCH_OPEN)
    {
      g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
      g_clear_pointer (&launch->sealed_table, g_bytes_unref);
      launch->key = 0;
    }
  va_store_values_add (&values, &va_store_table_launches, VA_LAUNCH_AT_state, VA_LAUNCH_LENGTH - VA_LAUNCH_AT_state,
                       launch);
  va_store_values_add_text (&values, launch->id);
  return va_db_send_values (sql, "UPDATE launches SET " VA_STORE_SETS (VA_LAUNCH_CHANGING) " WHERE id = ?",
                            values.values, values.length, error);
}

/* A launch that ends open does not count against the version of the registration that it was made under. */
gboolean
va_store_launch_give_back (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  return va_db_send (sql, error,
                     "UPDATE registrations SET launches = launches - 1 WHERE owner = ? AND id = ? AND version = ?",
                     "tti", launch->owner, launch->vm, (gint64) launch->version);
}

static gboolean
approve_next (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  return !launch->approves
         || va_db_run (sql, error,
                       "UPDATE registrations SET approved = ?, approved_until = ?"
                       " WHERE owner = ? AND id = ? AND version = ?",
                       "iitti", (gint64) launch->approve_next, launch->approved_until, launch->owner, launch->vm,
                       (gint64) launch->version);
}

/* Everything that is approved and was not granted yet: ahead of time, whichever version the launch was made under, and
   of other launches that wait, which then wait no longer than if they had never been approved. */
static gboolean
take_back (VaDb *sql, VaStoredLaunch *launch, VaAuditEntry *entry, GError **error)
{
  guint count;

  if (!launch->take_back)
    return TRUE;
  if (!va_db_run (sql, error,
                  "UPDATE registrations SET approved = 0, approved_until = 0 WHERE owner = ? AND id = ? AND approved "
                  "> 0",
                  "tt", launch->owner, launch->vm))
    return FALSE;
  count = va_db_changes (sql);
  if (!va_db_run (sql, error,
                  "UPDATE launches SET approved_until = 0, approvals = NULL, expires = created + ?"
                  " WHERE state = 'waiting' AND owner = ? AND vm = ? AND id <> ? AND approvals IS NOT NULL",
                  "ittt", launch->wait_ms, launch->owner, launch->vm, launch->id))
    return FALSE;
  if (entry != NULL && count + va_db_changes (sql) > 0)
    va_audit_entry_set_flag (entry, VA_AUDIT_APPROVALS_TAKEN_BACK);
  return TRUE;
}

static gboolean
do_change (VaDb *sql, gpointer data, GError **error)
{
  const ChangeWork *work = data;
  g_autoptr(VaStoredLaunch) launch = va_store_launch_find (sql, work->id, error);
  VaLaunchState before;

  if (launch == NULL)
    return FALSE;
  before = launch->state;
  if (!work->change (launch, work->change_data, error))
    return FALSE;
  if (!va_launch_state_may_follow (before, launch->state))
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("a launch cannot go from %s to %s"),
                   va_launch_state_name (before), va_launch_state_name (launch->state));
      return FALSE;
    }
  if (before == VA_LAUNCH_OPEN && launch->state != VA_LAUNCH_OPEN && launch->state != VA_LAUNCH_VALIDATED
      && !va_store_launch_give_back (sql, launch, error))
    return FALSE;
  return approve_next (sql, launch, error) && take_back (sql, launch, work->entry, error)
         && write_back (sql, launch, error);
}

gboolean
va_store_change_launch (VaStore *store, const char *id, VaLaunchChange change, gpointer user_data, VaAuditEntry *entry,
                        GError **error)
{
  ChangeWork work = { id, change, user_data, entry };

  return va_db_transact (store->backend, do_change, &work, entry, error);
}
