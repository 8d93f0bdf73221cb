/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/audit-place.h"
#include "store/launch-table.h"
#include "store/store-private.h"

/* Launches that the service itself ends: their time is over, or their registration is gone. */

/* How the service itself ends a launch that is waiting or open. */
typedef struct {
  const char *state, *code, *detail, *step;
  gint64 now;
  gboolean is_late; /* it ends because its time is over */
} Ending;

static gboolean
note_end (VaDb *sql, const VaStoredLaunch *launch, const Ending *ending, GError **error)
{
  const VaAuditPeer who = { .role = "service" };
  g_autoptr(VaAuditEntry) entry = va_audit_entry_new (ending->now, "end", &who);

  va_audit_entry_set_text (entry, VA_AUDIT_OWNER, launch->owner);
  va_audit_entry_set_text (entry, VA_AUDIT_VM, launch->vm);
  va_audit_entry_set_text (entry, VA_AUDIT_LAUNCH, launch->id);
  va_audit_entry_set_text (entry, VA_AUDIT_HOST, launch->host);
  va_audit_entry_refuse (entry, ending->code, ending->detail);
  return va_store_audit_write (sql, entry, error);
}

static gboolean
end_launch (VaDb *sql, VaStoredLaunch *launch, const Ending *ending, GError **error)
{
  if (launch->state == VA_LAUNCH_OPEN && !va_store_launch_give_back (sql, launch, error))
    return FALSE;
  va_stored_launch_step (launch, ending->step, ending->now);
  return va_db_run (sql, error,
                    "UPDATE launches SET state = ?, sealed_keys = NULL, sealed_table = NULL, key_id = NULL, code = ?,"
                    " detail = ?, timeline = ? WHERE id = ?",
                    "ttttt", ending->state, ending->code, ending->detail, launch->timeline, launch->id)
         && note_end (sql, launch, ending, error);
}

/* As @waiting says, unless it was approved, and its host did not ask again while that held. */
static gboolean
end_waiting (VaDb *sql, VaStoredLaunch *launch, const Ending *waiting, GError **error)
{
  g_autoptr(GDateTime) until = g_date_time_new_from_unix_utc (launch->approved_until / 1000);
  g_autofree char *time = until != NULL ? g_date_time_format (until, "%Y-%m-%d %H:%M:%S UTC") : g_strdup ("?");
  g_autofree char *detail =
    g_strdup_printf ("this launch was approved until %s, and its host did not ask for it again before", time);
  Ending approved = *waiting;

  approved.detail = detail;
  return end_launch (sql, launch, launch->approved_until > 0 && waiting->is_late ? &approved : waiting, error);
}

/* Ends those of @rows, and counts them. @waiting: how those end that wait; others end as @open says. */
static gboolean
end_all (VaDb *sql, VaDbStatement *rows, const Ending *open, const Ending *waiting, guint *count, GError **error)
{
  g_autoptr(GPtrArray) list =
    rows != NULL ? va_db_list (rows, va_store_launch_read, (GDestroyNotify) va_stored_launch_free, error) : NULL;

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      VaStoredLaunch *launch = list->pdata[i];

      if (!(launch->state == VA_LAUNCH_WAITING ? end_waiting (sql, launch, waiting, error)
                                               : end_launch (sql, launch, open, error)))
        return FALSE;
    }
  if (list != NULL && count != NULL)
    *count = list->len;
  return list != NULL;
}

gboolean
va_store_launch_expire (VaDb *sql, gint64 now, guint *count, GError **error)
{
  const Ending open = { "expired", "launch-expired", "nobody validated this launch in time", "expired", now, TRUE };
  const Ending waiting = { "expired", "confirmation-expired", "nobody confirmed this launch in time", "expired", now,
                           TRUE };
  g_autoptr(VaDbStatement) rows = va_db_query (sql, error,
                                               "SELECT " VA_LAUNCH_NAMES " FROM launches"
                                               " WHERE state IN ('waiting', 'open') AND expires <= ?",
                                               "i", now);

  return end_all (sql, rows, &open, &waiting, count, error);
}

gboolean
va_store_launch_orphan (VaDb *sql, const char *owner, const char *vm, gint64 now, GError **error)
{
  const Ending removed = { "refused", "vm-unknown", "the registration was removed before the launch was validated",
                           "refused", now,          FALSE };
  g_autoptr(VaDbStatement) rows = va_db_query (sql, error,
                                               "SELECT " VA_LAUNCH_NAMES " FROM launches"
                                               " WHERE state IN ('waiting', 'open') AND owner = ? AND vm = ?",
                                               "tt", owner, vm);

  return end_all (sql, rows, &removed, &removed, NULL, error);
}

gboolean
va_store_launch_outdate (VaDb *sql, const char *owner, const char *vm, gint64 now, GError **error)
{
  const Ending replaced = { "refused",
                            "confirmation-expired",
                            "the registration was replaced while the launch waited for confirmation",
                            "refused",
                            now,
                            FALSE };
  g_autoptr(VaDbStatement) rows = va_db_query (sql, error,
                                               "SELECT " VA_LAUNCH_NAMES " FROM launches"
                                               " WHERE state = 'waiting' AND owner = ? AND vm = ?",
                                               "tt", owner, vm);

  return end_all (sql, rows, &replaced, &replaced, NULL, error);
}

typedef struct {
  gint64 now;
  guint count;
} Expiry;

static gboolean
do_expire (VaDb *sql, gpointer data, GError **error)
{
  Expiry *expiry = data;

  return va_store_launch_expire (sql, expiry->now, &expiry->count, error);
}

static gboolean
anything_due (VaDbBackend *backend, gint64 now, gboolean *due, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error,
                                              "SELECT 1 FROM launches WHERE state IN ('waiting', 'open')"
                                              " AND expires <= ? LIMIT 1",
                                              "i", now);
  int status = row != NULL ? va_db_row (row, error) : -1;

  *due = status == 1;
  return status >= 0;
}

gboolean
va_store_expire_launches (VaStore *store, gint64 now, guint *count, GError **error)
{
  Expiry expiry = { .now = now };
  gboolean due;

  /* Most of the time there is nothing, and no reason to wait for the writers. */
  if (!anything_due (store->backend, now, &due, error))
    return FALSE;
  if (due && !va_db_transact (store->backend, do_expire, &expiry, NULL, error))
    return FALSE;
  if (count != NULL)
    *count = expiry.count;
  return TRUE;
}
