/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/reseal.h"
#include "store/rows.h"

/* Values that are sealed: how those under another key than one are found, and how one of them is put back. */
typedef struct {
  const char *query; /* with that key and a limit */
  gpointer (*read) (VaDbStatement *row);
  GDestroyNotify free;
  gboolean (*write) (VaDb *sql, gconstpointer record, GError **error);
} Kind;

#define OTHERS(columns, table) "SELECT " columns " FROM " table " WHERE key_id <> ? LIMIT ?"

static gboolean
write_secret (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredSecret *secret = record;

  return va_db_run (sql, error, "UPDATE secrets SET sealed = ?, key_id = ? WHERE owner = ? AND name = ?", "bktt",
                    secret->sealed, (gint64) secret->key, secret->owner, secret->name);
}

static gboolean
write_registration (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredRegistration *registration = record;

  return va_db_run (sql, error, "UPDATE registrations SET sealed = ?, key_id = ? WHERE owner = ? AND id = ?", "bktt",
                    registration->sealed, (gint64) registration->key, registration->owner, registration->id);
}

static gboolean
write_proposal (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredProposal *proposal = record;

  return va_db_run (sql, error, "UPDATE proposals SET sealed = ?, key_id = ? WHERE owner = ? AND vm = ?", "bktt",
                    proposal->sealed, (gint64) proposal->key, proposal->owner, proposal->vm);
}

static gboolean
write_launch (VaDb *sql, gconstpointer record, GError **error)
{
  const VaStoredLaunch *launch = record;

  return va_db_run (sql, error, "UPDATE launches SET sealed_keys = ?, sealed_table = ?, key_id = ? WHERE id = ?",
                    "bbkt", launch->sealed_keys, launch->sealed_table, (gint64) launch->key, launch->id);
}

static const Kind kinds[VA_RESEAL_KINDS] = {
  [VA_RESEAL_SECRET] = { OTHERS (VA_SECRET_COLUMNS, "secrets"), va_store_secret_read,
                         (GDestroyNotify) va_stored_secret_free, write_secret },
  [VA_RESEAL_REGISTRATION] = { OTHERS (VA_REGISTRATION_COLUMNS, "registrations"), va_store_registration_read,
                               (GDestroyNotify) va_stored_registration_free, write_registration },
  [VA_RESEAL_PROPOSAL] = { OTHERS (VA_PROPOSAL_COLUMNS, "proposals"), va_store_proposal_read,
                           (GDestroyNotify) va_stored_proposal_free, write_proposal },
  [VA_RESEAL_LAUNCH] = { OTHERS (VA_LAUNCH_COLUMNS, "launches"), va_store_launch_read,
                         (GDestroyNotify) va_stored_launch_free, write_launch },
};

typedef struct {
  guint64 key;
  guint limit, count;
  const VaReseal *reseal;
} ResealWork;

static gboolean
reseal_kind (VaDb *sql, ResealWork *work, guint kind, GError **error)
{
  gint64 room = (gint64) (work->limit - MIN (work->limit, work->count));
  g_autoptr(VaDbStatement) rows = va_db_query (sql, error, kinds[kind].query, "ii", (gint64) work->key, room);
  g_autoptr(GPtrArray) list = rows != NULL ? va_db_list (rows, kinds[kind].read, kinds[kind].free, error) : NULL;

  for (guint i = 0; list != NULL && i < list->len; i++)
    if (!work->reseal->each[kind](list->pdata[i], work->reseal->user_data, error)
        || !kinds[kind].write (sql, list->pdata[i], error))
      return FALSE;
  if (list != NULL)
    work->count += list->len;
  return list != NULL;
}

static gboolean
do_reseal (VaDb *sql, gpointer data, GError **error)
{
  for (guint kind = 0; kind < VA_RESEAL_KINDS; kind++)
    if (!reseal_kind (sql, data, kind, error))
      return FALSE;
  return TRUE;
}

gboolean
va_store_reseal (VaDbBackend *backend, guint64 key, guint limit, const VaReseal *how, guint *count, GError **error)
{
  ResealWork work = { .key = key, .limit = limit, .reseal = how };

  if (!va_db_transact (backend, do_reseal, &work, NULL, error))
    return FALSE;
  *count = work.count;
  return TRUE;
}
