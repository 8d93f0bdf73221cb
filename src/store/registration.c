/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/page.h"
#include "store/rows.h"
#include "store/store-private.h"

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
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("there is no registration %s of yours"), id);
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
check_references (VaDb *sql, const RegistrationWork *work, GError **error)
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
         && check_references (sql, work, error)
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
         && va_store_quota_check_registrations (sql, work->quota, registration->owner, work->is_new, error);
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
  g_autofree char *row = va_store_registration_row (registration);
  const VaSealLabel label = VA_LABEL_REGISTRATION (row);
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

static VaStoredRegistration *
read_one (VaDbStatement *row, const char *id, GError **error)
{
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    set_not_yours (id, error);
  return status == 1 ? va_store_registration_read (row) : NULL;
}

VaStoredRegistration *
va_store_get_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error,
                                              "SELECT " VA_REGISTRATION_COLUMNS " FROM registrations"
                                              " WHERE owner = ? AND id = ?",
                                              "tt", owner, id);

  return read_one (row, id, error);
}

/* The one that there is of this id, whoever has it. */
static VaStoredRegistration *
find_anybodys (VaDb *sql, const char *id, GError **error)
{
  g_autoptr(VaDbStatement) rows =
    va_db_query (sql, error, "SELECT " VA_REGISTRATION_ROW ", 0 FROM registrations WHERE id = ? LIMIT 2", "t", id);
  g_autoptr(VaStoredRegistration) registration = read_one (rows, id, error);
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
  row = va_db_query (reader, error, "SELECT " VA_REGISTRATION_ROW ", 0 FROM registrations WHERE owner = ? AND id = ?",
                     "tt", owner, id);
  return read_one (row, id, error);
}

static VaDbStatement *
query_registrations (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredRegistration *before = last;

  return va_db_query (sql, error,
                      "SELECT " VA_REGISTRATION_COLUMNS
                      " FROM registrations WHERE owner = ? AND id > ? ORDER BY id LIMIT ?",
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
  static const VaPageKind kind = { query_registrations, va_store_registration_read, registration_size,
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
