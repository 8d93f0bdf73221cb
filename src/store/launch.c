/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/page.h"
#include "store/rows.h"
#include "store/store-private.h"

typedef struct {
  VaStoredLaunch *launch;
  const VaPermit *permit;
  VaAuditEntry *entry;
  const char *id;
  VaLaunchChange change;
  gpointer change_data;
} LaunchWork;

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
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the registration was replaced meanwhile"));
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
check_permit (const VaPermit *permit, const Counts *counts, GError **error)
{
  if (permit->max_launches > 0 && counts->launches >= permit->max_launches)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_PERMIT,
                 _("the permit's %" G_GUINT64_FORMAT " launches are used up"), permit->max_launches);
  else if (permit->max_running > 0 && counts->running >= permit->max_running)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_RUNNING,
                 _("%" G_GUINT64_FORMAT " of at most %" G_GUINT64_FORMAT " are running or starting"), counts->running,
                 permit->max_running);
  else
    return TRUE;
  return FALSE;
}

static gboolean
set_changed (GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the launch was confirmed or ended meanwhile"));
  return FALSE;
}

#define INSERT_LAUNCH \
  "INSERT INTO launches (id, vm, owner, host, domain_uuid, domain_name, state, policy, generation, version, created," \
  " expires, fixed, sealed_keys, sealed_table, timeline, key_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " \
  "?, ?, ?)"
#define LAUNCH_VALUES(launch) \
  "tttttttitiiitbbtk", (launch)->id, (launch)->vm, (launch)->owner, (launch)->host, (launch)->domain_uuid, \
    (launch)->domain_name, va_launch_state_name ((launch)->state), (gint64) (launch)->policy, (launch)->generation, \
    (gint64) (launch)->version, (launch)->created, (launch)->expires, (launch)->fixed, (launch)->sealed_keys, \
    (launch)->sealed_table, (launch)->timeline, (gint64) (launch)->key

/* In place of the one that waited under this id, if there is one. */
static gboolean
replace_waiting (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  if (!va_db_run (sql, error,
                  INSERT_LAUNCH
                  " ON CONFLICT (id) DO UPDATE SET"
                  " state = excluded.state, generation = excluded.generation, expires = excluded.expires,"
                  " fixed = excluded.fixed, sealed_keys = excluded.sealed_keys,"
                  " sealed_table = excluded.sealed_table, key_id = excluded.key_id, timeline = excluded.timeline,"
                  " approved_until = 0 WHERE launches.state = 'waiting'",
                  LAUNCH_VALUES (launch)))
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
                      "SELECT " VA_LAUNCH_COLUMNS " FROM launches WHERE state = 'waiting' AND owner = ? AND vm = ?"
                      " AND host = ? AND domain_uuid = ? AND version = ? AND policy = ?",
                      "ttttii", like->owner, like->vm, like->host, like->domain_uuid, (gint64) like->version,
                      (gint64) like->policy);
}

/* The launch waits from now on, under its id. */
static gboolean
insert_waiting (VaDb *sql, LaunchWork *work, const Counts *counts, GError **error)
{
  VaStoredLaunch *launch = work->launch;

  if (counts->waiting >= work->permit->max_waiting)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_WAITING,
                   _("%" G_GUINT64_FORMAT " launches of this registration wait for confirmation already"),
                   counts->waiting);
      return FALSE;
    }
  launch->state = VA_LAUNCH_WAITING;
  launch->expires = work->permit->wait_until;
  g_free (launch->timeline);
  launch->timeline = g_strdup (work->permit->wait_timeline);
  g_free (launch->fixed);
  launch->fixed = g_strdup ("");
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
confirm_launch (VaDb *sql, LaunchWork *work, const Counts *counts, GError **error)
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
do_create (VaDb *sql, gpointer data, GError **error)
{
  LaunchWork *work = data;
  Counts counts;

  if ((is_limited (work->permit) && !va_store_launch_expire (sql, work->launch->created, NULL, error))
      || !read_counts (sql, work->launch, work->permit, &counts, error) || !check_permit (work->permit, &counts, error))
    return FALSE;
  if (!work->permit->confirms)
    return va_db_send (sql, error, INSERT_LAUNCH, LAUNCH_VALUES (work->launch)) && count_up (sql, work->launch, error);
  return counts.launches >= work->permit->confirm_after ? confirm_launch (sql, work, &counts, error)
                                                        : insert_confirmed (sql, work->launch, error);
}

static gboolean
create_launch (VaDbBackend *backend, VaStoredLaunch *launch, const VaPermit *permit, VaAuditEntry *entry,
               GError **error)
{
  LaunchWork work = { .launch = launch, .permit = permit, .entry = entry };

  return va_db_transact (backend, do_create, &work, entry, error);
}

gboolean
va_store_create_launch (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table, const VaPermit *permit,
                        VaAuditEntry *entry, GError **error)
{
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel keys_label = VA_LABEL_KEYS (row), table_label = VA_LABEL_TABLE (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      VaSeal *seal = va_store_newest_seal (store, &launch->key);

      g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
      g_clear_pointer (&launch->sealed_table, g_bytes_unref);
      launch->sealed_keys = va_seal_close (seal, &keys_label, keys);
      launch->sealed_table = table != NULL ? va_seal_close (seal, &table_label, table) : NULL;
      ok = create_launch (store->backend, launch, permit, entry, &reason);
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
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("no such launch waits"));
  return status == 1 ? va_store_launch_read (row) : NULL;
}

VaStoredLaunch *
va_store_get_launch (VaStore *store, const char *id, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_launch_find (reader, id, error);
}

/* Through the indexes launches_waiting and launches_active, which have these rows alone. */
gboolean
va_store_count_launches (VaStore *store, guint64 *waiting, guint64 *active, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error,
                                              "SELECT (SELECT count(*) FROM launches WHERE state = 'waiting'),"
                                              " (SELECT count(*) FROM launches WHERE " VA_LAUNCH_ACTIVE ")",
                                              "");

  if (row == NULL || va_db_row (row, error) != 1)
    return FALSE;
  *waiting = (guint64) va_db_column_number (row, 0);
  *active = (guint64) va_db_column_number (row, 1);
  return TRUE;
}

/* Those that come after the one with the id: made earlier, or in the same moment with a smaller id. */
#define AFTER " AND (created, id) < (SELECT created, id FROM launches AS last WHERE last.id = ? AND last.owner = ?)"
#define NEWEST " ORDER BY created DESC, id DESC LIMIT ?"
#define LAUNCHES_OF(which, after) \
  "SELECT " VA_LAUNCH_COLUMNS " FROM launches WHERE owner = ? AND vm = ? AND " which after NEWEST
/* Through two indexes, each of which has what the other has not. */
#define LAUNCHES_OF_VM(after) \
  "SELECT * FROM (SELECT * FROM (" LAUNCHES_OF (VA_LAUNCH_ACTIVE, \
                                                after) ") AS active" \
                                                       " UNION ALL SELECT * FROM (" LAUNCHES_OF (VA_LAUNCH_INACTIVE, \
                                                                                                 after) ") AS " \
                                                                                                        "inactive) " \
                                                                                                        "AS " \
                                                                                                        "every" NEWEST

static VaDbStatement *
query_launches (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const char *after = last != NULL ? ((const VaStoredLaunch *) last)->id : page->after;

  if (page->vm != NULL && after != NULL)
    return va_db_query (sql, error, LAUNCHES_OF_VM (AFTER), "ttttittttii", page->owner, page->vm, after, page->owner,
                        limit, page->owner, page->vm, after, page->owner, limit, limit);
  if (page->vm != NULL)
    return va_db_query (sql, error, LAUNCHES_OF_VM (""), "ttittii", page->owner, page->vm, limit, page->owner, page->vm,
                        limit, limit);
  if (after != NULL)
    return va_db_query (sql, error, "SELECT " VA_LAUNCH_COLUMNS " FROM launches WHERE owner = ?" AFTER NEWEST, "ttti",
                        page->owner, after, page->owner, limit);
  return va_db_query (sql, error, "SELECT " VA_LAUNCH_COLUMNS " FROM launches WHERE owner = ?" NEWEST, "ti",
                      page->owner, limit);
}

static gsize
launch_size (gconstpointer record)
{
  const VaStoredLaunch *launch = record;

  return sizeof *launch + va_store_text_size (launch->fixed) + va_store_text_size (launch->timeline)
         + va_store_text_size (launch->detail) + va_store_text_size (launch->steps)
         + va_store_text_size (launch->reason) + va_store_text_size (launch->approvals)
         + (launch->sealed_table != NULL ? g_bytes_get_size (launch->sealed_table) : 0);
}

GPtrArray *
va_store_list_launches (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_launches, va_store_launch_read, launch_size,
                                   (GDestroyNotify) va_stored_launch_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_page_read (reader, &kind, page, page->limit, page->bytes, more, error);
}

static gboolean
write_back (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  gboolean open = launch->state == VA_LAUNCH_OPEN;

#define SET \
  "UPDATE launches SET state = ?, sealed_keys = ?, sealed_table = ?, timeline = ?, code = ?, detail = ?, steps = ?," \
  " reason = ?, approved_until = ?, approvals = ?, expires = ?, key_id = ?, firmware_error = ?"
#define SET_TYPES "tbbtttttitiki"
#define SET_VALUES \
  va_launch_state_name (launch->state), open ? launch->sealed_keys : NULL, open ? launch->sealed_table : NULL, \
    launch->timeline, launch->code, launch->detail, launch->steps, launch->reason, launch->approved_until, \
    launch->approvals, launch->expires, (gint64) (open ? launch->key : 0), (gint64) launch->firmware_error

  if (!launch->has_firmware_version)
    return va_db_send (sql, error, SET " WHERE id = ?", SET_TYPES "t", SET_VALUES, launch->id);
  return va_db_send (sql, error, SET ", api_major = ?, api_minor = ?, build_id = ? WHERE id = ?", SET_TYPES "iiit",
                     SET_VALUES, (gint64) launch->api_major, (gint64) launch->api_minor, (gint64) launch->build_id,
                     launch->id);
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
  const LaunchWork *work = data;
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
  LaunchWork work = { .id = id, .change = change, .change_data = user_data, .entry = entry };

  return va_db_transact (store->backend, do_change, &work, entry, error);
}
