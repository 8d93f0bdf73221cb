/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/registration.h"

#include "core/i18n.h"
#include "store/launch.h"
#include "store/page.h"
#include "store/proposal.h"
#include "store/store-private.h"
#include "store/table.h"

#define REGISTRATION_COLUMNS(FIRST, NEXT, R) \
  FIRST (R, id, text, id) \
  NEXT (R, owner, text, owner) \
  NEXT (R, text, text, text) \
  NEXT (R, sealed, bytes, sealed) \
  NEXT (R, created, number, created) \
  NEXT (R, version, count, version) \
  NEXT (R, launches, count, launches) \
  NEXT (R, key_id, key, key) \
  NEXT (R, approved, count, approved) \
  NEXT (R, approved_until, number, approved_until)
/* Counted from the launches, through the index launches_active. */
#define RUNNING \
  "(SELECT count(*) FROM launches WHERE vm = registrations.id AND launches.owner = registrations.owner" \
  "  AND " VA_LAUNCH_ACTIVE ")"

#define LABEL_REGISTRATION(row) ((VaSealLabel){ "registrations", (row), "secrets and rules" })

static const VaStoreColumn registration_columns[] = { VA_STORE_COLUMNS (REGISTRATION_COLUMNS, VaStoredRegistration) };

/* The number from which the next registration's version is made. */
static const VaStoreColumn counter_columns[] = { VA_STORE_COPIED (name, text), VA_STORE_COPIED (value, number) };
const VaStoreTable va_store_table_counters = {
  .name = "counters",
  .columns = counter_columns,
  .length = G_N_ELEMENTS (counter_columns),
};

/* Which secrets a registration names; a secret that is named stays. */
static const VaStoreColumn registration_secret_columns[] = { VA_STORE_COPIED (vm, text), VA_STORE_COPIED (owner, text),
                                                             VA_STORE_COPIED (secret, text) };
const VaStoreTable va_store_table_registration_secrets = {
  .name = "registration_secrets",
  .columns = registration_secret_columns,
  .length = G_N_ELEMENTS (registration_secret_columns),
};

static char *
join_registration_row (const VaStoredRegistration *registration)
{
  return g_strjoin ("\n", registration->id, registration->owner, registration->text, NULL);
}

static gboolean
move_registration (gpointer record, const VaStoreMove *to, GError **error)
{
  VaStoredRegistration *registration = record;
  g_autofree char *row = join_registration_row (registration);
  const VaSealLabel label = LABEL_REGISTRATION (row);

  if (!va_store_move_value (to, registration->key, &label, &registration->sealed, error))
    return FALSE;
  registration->key = to->key;
  return TRUE;
}

static gboolean
put_back_registration (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredRegistration *registration = record;

  return va_db_run (sql, error, "UPDATE registrations SET sealed = ?, key_id = ? WHERE owner = ? AND id = ?", "bktt",
                    registration->sealed, (gint64) registration->key, registration->owner, registration->id);
}

const VaStoreTable va_store_table_registrations = {
  .name = "registrations",
  .columns = registration_columns,
  .length = G_N_ELEMENTS (registration_columns),
  .record_size = sizeof (VaStoredRegistration),
  .counts = "SELECT count(*) FROM registrations",
  .is_content = TRUE,
  .needs_keys = TRUE,
  .counter = VA_STORE_COUNTER (registrations),
  .move = move_registration,
  .put_back = put_back_registration,
};

void
va_stored_registration_free (VaStoredRegistration *registration)
{
  va_store_table_free (&va_store_table_registrations, registration);
}

static gpointer
read_registration (VaDbStatement *row)
{
  return va_store_table_read (&va_store_table_registrations, row);
}

/* Of a row that has what is counted as well, behind its columns. */
static gpointer
read_counted_registration (VaDbStatement *row)
{
  VaStoredRegistration *registration = read_registration (row);

  registration->running = (guint64) va_db_column_number (row, G_N_ELEMENTS (registration_columns));
  return registration;
}

void
va_store_registration_set_ambiguous (const char *id, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS, _("several owners have a registration %s"), id);
}

typedef struct {
  const VaStoredRegistration *registration;
  const char *const *secrets, *const *hashes;
  const VaExpected *expected;
  const char *owner, *id;
  gint64 now;
  const VaQuota *quota;
  gboolean is_new;
} RegistrationWork;

static gboolean
set_not_yours (const char *id, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("you have no registration %s"), id);
  return FALSE;
}

static gboolean
check_exists (VaDb *sql, const char *query, const char *owner, const char *name, VaStoreError code, const char *message,
              GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error, query, "tt", owner, name);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, code, "%s: %s", message, name);
  return status == 1;
}

/* The secrets and the firmware that the registration names must be there. */
static gboolean
check_names_exist (VaDb *sql, const RegistrationWork *work, GError **error)
{
  for (guint i = 0; work->secrets != NULL && work->secrets[i] != NULL; i++)
    if (!check_exists (sql, "SELECT 1 FROM secrets WHERE owner = ? AND name = ?", work->registration->owner,
                       work->secrets[i], VA_STORE_ERROR_SECRET_MISSING,
                       _("the registration names a secret that you have not stored"), error))
      return FALSE;
  for (guint i = 0; work->hashes != NULL && work->hashes[i] != NULL; i++)
    if (!check_exists (sql, "SELECT 1 FROM artifacts WHERE owner = ? AND hash = ?", work->registration->owner,
                       work->hashes[i], VA_STORE_ERROR_ARTIFACT_MISSING,
                       _("the registration names a firmware that you have not uploaded"), error))
      return FALSE;
  return TRUE;
}

static gboolean
name_secrets (VaDb *sql, const RegistrationWork *work, GError **error)
{
  if (!va_db_run (sql, error, "DELETE FROM registration_secrets WHERE owner = ? AND vm = ?", "tt",
                  work->registration->owner, work->registration->id))
    return FALSE;
  for (guint i = 0; work->secrets != NULL && work->secrets[i] != NULL; i++)
    if (!va_db_run (sql, error,
                    "INSERT INTO registration_secrets (owner, vm, secret) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    "ttt", work->registration->owner, work->registration->id, work->secrets[i]))
      return FALSE;
  return TRUE;
}

/* Whether the change is one of what is there. Proposals of what is there no more are none any longer. */
static gboolean
check_expected (VaDb *sql, const VaExpected *expected, const char *owner, const char *id, GError **error)
{
  return (expected == NULL || va_store_registration_check_version (sql, owner, id, expected->version, error))
         && va_store_proposal_take (sql, owner, id, expected != NULL ? expected->proposal : NULL, error);
}

static gboolean
insert_registration (VaDb *sql, gpointer data, GError **error)
{
  RegistrationWork *work = data;
  const VaStoredRegistration *registration = work->registration;
  guint64 present;

  if (!va_store_registration_find_version (sql, registration->owner, registration->id, &present, error))
    return FALSE;
  work->is_new = present == 0;
  return check_expected (sql, work->expected, registration->owner, registration->id, error)
         && check_names_exist (sql, work, error)
         && va_db_run (sql, error, "UPDATE counters SET value = value + 1 WHERE name = 'version'", "")
         && va_db_run (sql, error,
                       "INSERT INTO registrations (id, owner, version, created, launches, text, sealed, key_id) VALUES"
                       " (?, ?, (SELECT value FROM counters WHERE name = 'version'), ?, 0, ?, ?, ?)"
                       " ON CONFLICT (owner, id) DO UPDATE SET version = excluded.version, created = excluded.created,"
                       " launches = 0, approved = 0, approved_until = 0, text = excluded.text,"
                       " sealed = excluded.sealed, key_id = excluded.key_id",
                       "ttitbk", registration->id, registration->owner, registration->created, registration->text,
                       registration->sealed, (gint64) registration->key)
         && va_store_launch_outdate (sql, registration->owner, registration->id, registration->created * 1000, error)
         && name_secrets (sql, work, error)
         && va_store_registration_check_quota (sql, work->quota, registration->owner, work->is_new, error);
}

static gboolean
put_registration (VaDbBackend *backend, const VaStoredRegistration *registration, const char *const *secrets,
                  const char *const *hashes, const VaExpected *expected, gboolean *is_new, VaAuditEntry *entry,
                  GError **error)
{
  RegistrationWork work = { .registration = registration,
                            .secrets = secrets,
                            .hashes = hashes,
                            .expected = expected,
                            .quota = &va_store_side (backend)->quota };

  if (!va_db_transact (backend, insert_registration, &work, entry, error))
    return FALSE;
  *is_new = work.is_new;
  return TRUE;
}

gboolean
va_store_put_registration (VaStore *store, VaStoredRegistration *registration, VaSecret *inline_secrets,
                           const char *const *secrets, const char *const *hashes, const VaExpected *expected,
                           gboolean *is_new, VaAuditEntry *entry, GError **error)
{
  g_autofree char *row = join_registration_row (registration);
  const VaSealLabel label = LABEL_REGISTRATION (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      VaSeal *seal = va_store_newest_seal (store, &registration->key);

      g_clear_pointer (&registration->sealed, g_bytes_unref);
      registration->sealed = va_seal_close (seal, &label, inline_secrets);
      ok = put_registration (store->backend, registration, secrets, hashes, expected, is_new, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason, error));
  return ok;
}

VaSecret *
va_store_open_registration (VaStore *store, const VaStoredRegistration *registration, GError **error)
{
  g_autofree char *row = join_registration_row (registration);
  const VaSealLabel label = LABEL_REGISTRATION (row);
  VaSeal *seal = va_store_seal_of (store, registration->key, error);

  return seal != NULL ? va_seal_open (seal, &label, registration->sealed, error) : NULL;
}

static VaStoredRegistration *
read_one (VaDbStatement *row, gpointer (*read) (VaDbStatement *row), const char *id, GError **error)
{
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    set_not_yours (id, error);
  return status == 1 ? read (row) : NULL;
}

VaStoredRegistration *
va_store_get_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error,
                 "SELECT " VA_STORE_NAMES (REGISTRATION_COLUMNS) ", " RUNNING " FROM registrations"
                                                                 " WHERE owner = ? AND id = ?",
                 "tt", owner, id);

  return read_one (row, read_counted_registration, id, error);
}

/* The one that there is of this id, whoever has it. */
static VaStoredRegistration *
find_anybodys (VaDb *sql, const char *id, GError **error)
{
  g_autoptr(VaDbStatement) rows =
    va_db_query (sql, error, "SELECT " VA_STORE_NAMES (REGISTRATION_COLUMNS) " FROM registrations WHERE id = ? LIMIT 2",
                 "t", id);
  g_autoptr(VaStoredRegistration) registration = read_one (rows, read_registration, id, error);
  int status = registration != NULL ? va_db_row (rows, error) : -1;

  if (status > 0)
    va_store_registration_set_ambiguous (id, error);
  return status == 0 ? g_steal_pointer (&registration) : NULL;
}

VaStoredRegistration *
va_store_find_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = NULL;

  if (reader == NULL || owner == NULL)
    return reader != NULL ? find_anybodys (reader, id, error) : NULL;
  row = va_db_query (reader, error,
                     "SELECT " VA_STORE_NAMES (REGISTRATION_COLUMNS) " FROM registrations WHERE owner = ? AND id = ?",
                     "tt", owner, id);
  return read_one (row, read_registration, id, error);
}

static VaDbStatement *
query_registrations (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredRegistration *before = last;

  return va_db_query (sql, error,
                      "SELECT " VA_STORE_NAMES (REGISTRATION_COLUMNS) ", " RUNNING " FROM registrations WHERE owner = "
                                                                      "? AND id > ? ORDER BY id LIMIT ?",
                      "tti", page->owner, va_store_text_after (before != NULL ? before->id : NULL, page->after), limit);
}

static gsize
registration_size (gconstpointer record)
{
  return va_store_text_size (((const VaStoredRegistration *) record)->text);
}

GPtrArray *
va_store_list_registrations (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_registrations, read_counted_registration, registration_size,
                                   (GDestroyNotify) va_stored_registration_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_page_read (reader, &kind, page, page->limit, page->bytes, more, error);
}

static gboolean
delete_registration (VaDb *sql, gpointer data, GError **error)
{
  const RegistrationWork *work = data;
  guint64 present;

  if (!va_store_registration_find_version (sql, work->owner, work->id, &present, error))
    return FALSE;
  if (present == 0)
    return set_not_yours (work->id, error);
  return check_expected (sql, work->expected, work->owner, work->id, error)
         && va_db_run (sql, error, "DELETE FROM registrations WHERE owner = ? AND id = ?", "tt", work->owner, work->id)
         && va_store_launch_orphan (sql, work->owner, work->id, work->now, error);
}

gboolean
va_store_remove_registration (VaStore *store, const char *owner, const char *id, gint64 now, const VaExpected *expected,
                              VaAuditEntry *entry, GError **error)
{
  RegistrationWork work = { .owner = owner, .id = id, .now = now, .expected = expected };

  return va_db_transact (store->backend, delete_registration, &work, entry, error);
}
