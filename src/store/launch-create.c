/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include <inttypes.h>
#include "store/launch-table.h"
#include "store/store-private.h"

/* How a launch is counted against its permit, and made. */

typedef struct {
  VaStoredLaunch *launch;
  const VaPermit *permit;
  VaAuditEntry *entry;
} CreateWork;

/* What the permit counts, as this transaction sees it; 0 where it does not ask. */
typedef struct {
  guint64 launches, running, approved, waiting, others; /* others: owners who have a registration of this id, too */
  gint64 approved_until;
} Counts;

#define USED \
  "SELECT launches, approved, approved_until, (SELECT count(*) FROM registrations AS other" \
  "  WHERE other.id = registrations.id AND other.owner <> registrations.owner)" \
  " FROM registrations WHERE owner = ? AND id = ? AND version = ?"

static VaDbStatement *
query_used (VaDb *sql, const VaStoredLaunch *launch, const VaStoredRegistration *read, GError **error)
{
  if (read == NULL)
    return va_db_query (sql, error, USED, "tti", launch->owner, launch->vm, (gint64) launch->version);
  return va_db_query (sql, error, USED " AND text = ? AND sealed = ?", "ttitb", launch->owner, launch->vm,
                      (gint64) launch->version, read->text, read->sealed);
}

static gboolean
read_used (VaDb *sql, const VaStoredLaunch *launch, const VaStoredRegistration *read, Counts *counts, GError **error)
{
  g_autoptr(VaDbStatement) row = query_used (sql, launch, read, error);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the registration was replaced in the meantime"));
  if (status != 1)
    return FALSE;
  counts->launches = (guint64) va_db_column_number (row, 0);
  counts->approved = (guint64) va_db_column_number (row, 1);
  counts->approved_until = va_db_column_number (row, 2);
  counts->others = (guint64) va_db_column_number (row, 3);
  return TRUE;
}

static gboolean
count_launches (VaDb *sql, const char *query, const VaStoredLaunch *like, guint64 *count, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error, query, "tt", like->owner, like->vm);

  if (row == NULL || va_db_row (row, error) != 1)
    return FALSE;
  *count = (guint64) va_db_column_number (row, 0);
  return TRUE;
}

/* To count costs more the more launches there are, so it is done only where it decides. */
static gboolean
read_counts (VaDb *sql, const VaStoredLaunch *launch, const VaPermit *permit, Counts *counts, GError **error)
{
  *counts = (Counts){ 0 };
  if (!read_used (sql, launch, permit->read, counts, error))
    return FALSE;
  if (permit->any_owner && counts->others > 0)
    {
      va_store_registration_set_ambiguous (launch->vm, error);
      return FALSE;
    }
  if (permit->max_running > 0
      && !count_launches (sql, "SELECT count(*) FROM launches WHERE owner = ? AND vm = ? AND " VA_LAUNCH_ACTIVE, launch,
                          &counts->running, error))
    return FALSE;
  return !permit->confirms
         || count_launches (sql, "SELECT count(*) FROM launches WHERE owner = ? AND vm = ? AND state = 'waiting'",
                            launch, &counts->waiting, error);
}

static gboolean
check_permit_left (const VaPermit *permit, const Counts *counts, GError **error)
{
  if (permit->max_launches > 0 && counts->launches >= permit->max_launches)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_PERMIT, _("the permit's %" PRIu64 " launches are used up"),
                 permit->max_launches);
  else if (permit->max_running > 0 && counts->running >= permit->max_running)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_RUNNING,
                 _("%" PRIu64 " of at most %" PRIu64 " are running or starting"), counts->running, permit->max_running);
  else
    return TRUE;
  return FALSE;
}

static gboolean
set_changed (GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the launch was confirmed or ended in the meantime"));
  return FALSE;
}

#define INSERT_LAUNCH \
  "INSERT INTO launches (" VA_STORE_NAMES (VA_LAUNCH_MADE) ") VALUES (" VA_STORE_PLACES (VA_LAUNCH_MADE) ")"

static void
add_made (VaStoreValues *values, const VaStoredLaunch *launch)
{
  va_store_values_add (values, &va_store_table_launches, 0, VA_LAUNCH_AT_api_major, launch);
}

/* In place of the one that waited under this id, if there is one. */
static gboolean
replace_waiting (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  g_auto(VaStoreValues) values = { .length = 0 };

  add_made (&values, launch);
  if (!va_db_finish (va_db_query_values (sql,
                                         INSERT_LAUNCH
                                         " ON CONFLICT (id) DO UPDATE SET generation = excluded.generation,"
                                         " fixed = excluded.fixed, " VA_STORE_KEPT (VA_LAUNCH_BEGUN) ","
                                                                                                     " approved_until "
                                                                                                     "= 0 WHERE "
                                                                                                     "launches.state = "
                                                                                                     "'waiting'",
                                         values.values, values.length, error),
                     error))
    return FALSE;
  return va_db_changes (sql) == 1 || set_changed (error);
}

static gboolean
count_up (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  return va_db_send (sql, error, "UPDATE registrations SET launches = launches + 1 WHERE owner = ? AND id = ?", "tt",
                     launch->owner, launch->vm);
}

/* Under a permit that confirms. */
static gboolean
insert_confirmed (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  return replace_waiting (sql, launch, error) && count_up (sql, launch, error);
}

static VaDbStatement *
query_waiting (VaDb *sql, const VaStoredLaunch *like, GError **error)
{
  return va_db_query (sql, error,
                      "SELECT " VA_LAUNCH_NAMES " FROM launches WHERE state = 'waiting' AND owner = ? AND vm = ?"
                      " AND host = ? AND domain_uuid = ? AND version = ? AND policy = ?",
                      "ttttii", like->owner, like->vm, like->host, like->domain_uuid, (gint64) like->version,
                      (gint64) like->policy);
}

/* The launch waits from now on, under its id. */
static gboolean
insert_waiting (VaDb *sql, CreateWork *work, const Counts *counts, GError **error)
{
  VaStoredLaunch *launch = work->launch;

  if (counts->waiting >= work->permit->max_waiting)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_WAITING,
                   _("%" PRIu64 " launches of this registration are already waiting for confirmation"),
                   counts->waiting);
      return FALSE;
    }
  launch->state = VA_LAUNCH_WAITING;
  launch->expires = work->permit->wait_until;
  g_free (launch->timeline);
  launch->timeline = g_strdup (work->permit->wait_timeline);
  g_free (launch->terms);
  launch->terms = g_strdup ("");
  g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
  g_clear_pointer (&launch->sealed_table, g_bytes_unref);
  launch->key = 0;
  if (work->entry != NULL)
    va_audit_entry_decide (work->entry, VA_AUDIT_VERDICT_WAITING);
  return replace_waiting (sql, launch, error);
}

/* Those that were approved ahead of time are used up one by one. */
static gboolean
use_approval (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  return va_db_run (sql, error, "UPDATE registrations SET approved = approved - 1 WHERE owner = ? AND id = ?", "tt",
                    launch->owner, launch->vm)
         && insert_confirmed (sql, launch, error);
}

static gboolean
confirm_launch (VaDb *sql, CreateWork *work, const Counts *counts, GError **error)
{
  VaStoredLaunch *launch = work->launch;
  g_autoptr(VaDbStatement) row = query_waiting (sql, launch, error);
  int status = row != NULL ? va_db_row (row, error) : -1;
  g_autoptr(VaStoredLaunch) waiting = status == 1 ? va_store_launch_read (row) : NULL;

  if (status < 0)
    return FALSE;
  if (waiting == NULL && counts->approved > 0 && counts->approved_until > launch->created)
    return use_approval (sql, launch, error);
  if (waiting == NULL)
    return insert_waiting (sql, work, counts, error);
  if (!g_str_equal (waiting->id, launch->id))
    return set_changed (error);
  if (waiting->approved_until > launch->created)
    return insert_confirmed (sql, launch, error);
  launch->state = VA_LAUNCH_WAITING;
  if (work->entry != NULL)
    va_audit_entry_decide (work->entry, VA_AUDIT_VERDICT_NONE); /* on record since it began to wait */
  return TRUE;
}

/* Then launches whose time is over must not count. */
static gboolean
is_limited (const VaPermit *permit)
{
  return permit->max_launches > 0 || permit->max_running > 0 || permit->confirms;
}

static gboolean
send_launch (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  g_auto(VaStoreValues) values = { .length = 0 };

  add_made (&values, launch);
  return va_db_send_values (sql, INSERT_LAUNCH, values.values, values.length, error);
}

static gboolean
do_create (VaDb *sql, gpointer data, GError **error)
{
  CreateWork *work = data;
  Counts counts;

  if ((is_limited (work->permit) && !va_store_launch_expire (sql, work->launch->created, NULL, error))
      || !read_counts (sql, work->launch, work->permit, &counts, error)
      || !check_permit_left (work->permit, &counts, error))
    return FALSE;
  if (!work->permit->confirms)
    return send_launch (sql, work->launch, error) && count_up (sql, work->launch, error);
  return counts.launches >= work->permit->confirm_after ? confirm_launch (sql, work, &counts, error)
                                                        : insert_confirmed (sql, work->launch, error);
}

gboolean
va_store_create_launch (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table, const VaPermit *permit,
                        VaAuditEntry *entry, GError **error)
{
  CreateWork work = { launch, permit, entry };
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      va_store_launch_seal (store, launch, keys, table);
      ok = va_db_transact (store->backend, do_create, &work, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason, error));
  return ok;
}

VaStoredLaunch *
va_store_find_waiting (VaStore *store, const VaStoredLaunch *like, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = query_waiting (reader, like, error);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("no such launch is waiting"));
  return status == 1 ? va_store_launch_read (row) : NULL;
}
