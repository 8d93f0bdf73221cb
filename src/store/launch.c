/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/launch.h"

#include <inttypes.h>
#include "codec/json.h"
#include "core/i18n.h"
#include "store/launch-table.h"
#include "store/page.h"
#include "store/store-private.h"

/* A launch as a row, what of it is sealed, and the questions for launches. */

static const char *const launch_state_names[] = { "open",   "validated", "running", "refused",
                                                  "failed", "expired",   "ended",   "waiting" };

const char *
va_launch_state_name (VaLaunchState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (launch_state_names), "refused");
  return launch_state_names[state];
}

gboolean
va_launch_state_parse (const char *name, VaLaunchState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (launch_state_names); i++)
    if (g_strcmp0 (name, launch_state_names[i]) == 0)
      {
        *state = (VaLaunchState) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
va_launch_state_may_follow (VaLaunchState from, VaLaunchState to)
{
  if (from == to)
    return TRUE;
  switch (from)
    {
    case VA_LAUNCH_WAITING:
      return to == VA_LAUNCH_REFUSED || to == VA_LAUNCH_EXPIRED;
    case VA_LAUNCH_OPEN:
      return to == VA_LAUNCH_VALIDATED || to == VA_LAUNCH_REFUSED || to == VA_LAUNCH_FAILED || to == VA_LAUNCH_EXPIRED;
    case VA_LAUNCH_VALIDATED:
      return to == VA_LAUNCH_RUNNING || to == VA_LAUNCH_FAILED || to == VA_LAUNCH_ENDED;
    case VA_LAUNCH_RUNNING:
      return to == VA_LAUNCH_ENDED;
    default:
      return FALSE;
    }
}

void
va_stored_launch_step (VaStoredLaunch *launch, const char *step, gint64 time)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "step", step);
  json_object_set_int_member (object, "time", time);
  launch->timeline = va_json_array_add (launch->timeline, object);
}

/* Kinds of columns that launches alone have. */

static void
read_state (VaDbStatement *row, int column, gpointer record, gsize member)
{
  g_autofree char *name = va_db_column_needed_text (row, column);

  (void) member;
  if (!va_launch_state_parse (name, &((VaStoredLaunch *) record)->state))
    ((VaStoredLaunch *) record)->state = VA_LAUNCH_REFUSED; /* the table's CHECK keeps others out */
}

static void
bind_state (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  (void) member, (void) made;
  value->text = va_launch_state_name (((const VaStoredLaunch *) record)->state);
}

static const VaStoreKind va_store_kind_state = { 't', read_state, bind_state, NULL };
typedef VaLaunchState VaStoreMember_state;

/* The parts of the firmware's version are there all or none. The first of them says which. */
static void
read_version_part (VaDbStatement *row, int column, gpointer record, gsize member)
{
  if (member == G_STRUCT_OFFSET (VaStoredLaunch, api_major))
    ((VaStoredLaunch *) record)->has_firmware_version = !va_db_column_is_null (row, column);
  G_STRUCT_MEMBER (guint8, record, member) = (guint8) va_db_column_number (row, column);
}

static void
bind_version_part (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  (void) made;
  if (((const VaStoredLaunch *) record)->has_firmware_version)
    value->number = ((const guint8 *) record)[member];
  else
    value->type = 'k';
}

static const VaStoreKind va_store_kind_version_part = { 'i', read_version_part, bind_version_part, NULL };
typedef guint8 VaStoreMember_version_part;

static void
read_firmware_error (VaDbStatement *row, int column, gpointer record, gsize member)
{
  G_STRUCT_MEMBER (int, record, member) = (int) CLAMP (va_db_column_number (row, column), -1, 255);
}

static void
bind_firmware_error (gconstpointer record, gsize member, VaDbValue *value, char **made)
{
  (void) member, (void) made;
  value->number = ((const VaStoredLaunch *) record)->firmware_error;
}

static const VaStoreKind va_store_kind_firmware_error = { 'i', read_firmware_error, bind_firmware_error, NULL };
typedef int VaStoreMember_firmware_error;

static const VaStoreColumn launch_columns[] = { VA_STORE_COLUMNS (VA_LAUNCH_COLUMNS, VaStoredLaunch) };

#define LABEL_KEYS(row) ((VaSealLabel){ "launches", (row), "keys" })
#define LABEL_TABLE(row) ((VaSealLabel){ "launches", (row), "secret table" })

/* Everything that is fixed when a launch is made: altered in the database, its keys do not open any more. */
static char *
join_launch_row (const VaStoredLaunch *launch)
{
  return g_strdup_printf ("%s\n%s\n%s\n%s\n%s\n%" PRIu64 "\n%" PRId64 "\n%s", launch->id, launch->vm, launch->owner,
                          launch->host, launch->domain_uuid, launch->policy, launch->expires, launch->terms);
}

void
va_store_launch_seal (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table)
{
  g_autofree char *row = join_launch_row (launch);
  const VaSealLabel keys_label = LABEL_KEYS (row), table_label = LABEL_TABLE (row);
  VaSeal *seal = va_store_newest_seal (store, &launch->key);

  g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
  g_clear_pointer (&launch->sealed_table, g_bytes_unref);
  launch->sealed_keys = va_seal_close (seal, &keys_label, keys);
  launch->sealed_table = table != NULL ? va_seal_close (seal, &table_label, table) : NULL;
}

static VaSecret *
open_of_launch (VaStore *store, const VaStoredLaunch *launch, GBytes *sealed, const VaSealLabel *label, GError **error)
{
  VaSeal *seal = va_store_seal_of (store, launch->key, error);

  return seal != NULL ? va_seal_open (seal, label, sealed, error) : NULL;
}

VaSecret *
va_store_open_keys (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  g_autofree char *row = join_launch_row (launch);
  const VaSealLabel label = LABEL_KEYS (row);

  if (launch->sealed_keys == NULL)
    {
      g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("launch %s no longer has keys"), launch->id);
      return NULL;
    }
  return open_of_launch (store, launch, launch->sealed_keys, &label, error);
}

VaSecret *
va_store_open_table (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  g_autofree char *row = join_launch_row (launch);
  const VaSealLabel label = LABEL_TABLE (row);

  if (launch->sealed_table == NULL)
    {
      g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("launch %s no longer has a secret table"), launch->id);
      return NULL;
    }
  return open_of_launch (store, launch, launch->sealed_table, &label, error);
}

static gboolean
move_launch (gpointer record, const VaStoreMove *to, GError **error)
{
  VaStoredLaunch *launch = record;
  g_autofree char *row = join_launch_row (launch);
  const VaSealLabel keys = LABEL_KEYS (row), table = LABEL_TABLE (row);

  if (!va_store_move_value (to, launch->key, &keys, &launch->sealed_keys, error)
      || (launch->sealed_table != NULL && !va_store_move_value (to, launch->key, &table, &launch->sealed_table, error)))
    return FALSE;
  launch->key = to->key;
  return TRUE;
}

static gboolean
put_back_launch (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredLaunch *launch = record;

  return va_db_run (sql, error, "UPDATE launches SET sealed_keys = ?, sealed_table = ?, key_id = ? WHERE id = ?",
                    "bbkt", launch->sealed_keys, launch->sealed_table, (gint64) launch->key, launch->id);
}

const VaStoreTable va_store_table_launches = {
  .name = "launches",
  .columns = launch_columns,
  .length = G_N_ELEMENTS (launch_columns),
  .record_size = sizeof (VaStoredLaunch),
  .counts = "SELECT count(*) FROM launches",
  .is_content = TRUE,
  .needs_keys = TRUE,
  .counter = VA_STORE_COUNTER (launches),
  .move = move_launch,
  .put_back = put_back_launch,
};

void
va_stored_launch_free (VaStoredLaunch *launch)
{
  va_store_table_free (&va_store_table_launches, launch);
}

gpointer
va_store_launch_read (VaDbStatement *row)
{
  return va_store_table_read (&va_store_table_launches, row);
}

VaStoredLaunch *
va_store_launch_find (VaDb *sql, const char *id, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT " VA_LAUNCH_NAMES " FROM launches WHERE id = ?", "t", id);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("you have no launch %s"), id);
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
  "SELECT " VA_LAUNCH_NAMES " FROM launches WHERE owner = ? AND vm = ? AND " which after NEWEST
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
    return va_db_query (sql, error, "SELECT " VA_LAUNCH_NAMES " FROM launches WHERE owner = ?" AFTER NEWEST, "ttti",
                        page->owner, after, page->owner, limit);
  return va_db_query (sql, error, "SELECT " VA_LAUNCH_NAMES " FROM launches WHERE owner = ?" NEWEST, "ti", page->owner,
                      limit);
}

static gsize
launch_size (gconstpointer record)
{
  const VaStoredLaunch *launch = record;

  return sizeof *launch + va_store_text_size (launch->terms) + va_store_text_size (launch->timeline)
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
