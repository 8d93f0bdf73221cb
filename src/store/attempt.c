/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/audit-place.h"
#include "store/sql.h"
#include "store/store-private.h"

/* Refusals of somebody who was after what others own: on record for both. */

typedef struct {
  const VaAimed *aimed;
  VaAuditEntry *attempt;
} AttemptWork;

static VaDbStatement *
query_owner (VaDb *sql, const VaAimed *aimed, GError **error)
{
  const char *id = aimed->id, *peer = aimed->peer;

  switch (aimed->kind)
    {
    case VA_AIMED_LAUNCH:
      return va_db_query (sql, error, "SELECT owner FROM launches WHERE id = ? AND owner <> ?", "tt", id, peer);
    case VA_AIMED_SECRET:
      return va_db_query (sql, error,
                          "SELECT owner FROM secrets WHERE name = ? AND owner <> ? ORDER BY created, owner LIMIT 1",
                          "tt", id, peer);
    case VA_AIMED_REGISTRATION:
    default:
      return va_db_query (sql, error,
                          "SELECT owner FROM (SELECT owner, 0 AS later, version AS age FROM registrations"
                          "  WHERE id = ? AND owner <> ? UNION ALL SELECT owner, 1, created FROM proposals"
                          "  WHERE vm = ? AND owner <> ?) AS every"
                          " WHERE NOT EXISTS (SELECT 1 FROM registrations WHERE owner = ? AND id = ?)"
                          " AND NOT EXISTS (SELECT 1 FROM proposals WHERE owner = ? AND vm = ?)"
                          " ORDER BY later, age LIMIT 1",
                          "tttttttt", id, peer, id, peer, peer, id, peer, id);
    }
}

static gboolean
write_attempt (VaDb *sql, gpointer data, GError **error)
{
  const AttemptWork *work = data;
  g_autoptr(VaDbStatement) row = query_owner (sql, work->aimed, error);
  int status = row != NULL ? va_db_row (row, error) : -1;
  g_autofree char *owner = status == 1 ? va_db_column_text (row, 0) : NULL;

  if (status < 0)
    return FALSE;
  va_db_statement_reset (g_steal_pointer (&row));
  va_audit_entry_clear (work->attempt, VA_AUDIT_OWNER); /* of an earlier try */
  if (owner != NULL)
    va_audit_entry_set_text (work->attempt, VA_AUDIT_OWNER, owner);
  return va_store_audit_write (sql, work->attempt, error);
}

gboolean
va_store_note_attempt (VaStore *store, const VaAimed *aimed, VaAuditEntry *attempt, VaAuditEntry *entry, GError **error)
{
  AttemptWork work = { .aimed = aimed, .attempt = attempt };

  return va_db_transact (store->backend, write_attempt, &work, entry, error);
}
