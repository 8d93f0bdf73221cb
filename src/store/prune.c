/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include "audit/checkpoint.h"
#include "core/i18n.h"
#include "store/audit-place.h"
#include "store/store-private.h"

/*
 * Pruning: first an anchor at a signed place of the audit log, in one transaction with the record of it; from then on
 * the log begins behind the anchor. What is before it goes in small steps, beside a service that works; a step that
 * never came is made by the next pruning.
 */

#define ENDED "state IN ('refused', 'failed', 'expired', 'ended')"

typedef struct {
  VaPrune *prune;
  guint limit, count;
} PruneWork;

/* The newest checkpoint at @seq or before it, whoever has signed it. Returns: 1; 0: there is none; -1: @error is set */
static int
find_checkpoint (VaDb *sql, guint64 seq, VaPrune *prune, VaCheckpoint **checkpoint, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error,
                                              "SELECT text FROM checkpoints WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
                                              "i", (gint64) seq);
  int status = row != NULL ? va_db_row (row, error) : -1;
  g_autofree char *text = status == 1 ? va_db_column_needed_text (row, 0) : NULL;
  g_autoptr(JsonObject) object = text != NULL ? va_json_parse (text, strlen (text), error) : NULL;

  if (status != 1)
    return status;
  *checkpoint = object != NULL ? va_checkpoint_read (object, error) : NULL;
  if (*checkpoint == NULL)
    return -1;
  g_free (prune->text);
  prune->text = g_steal_pointer (&text);
  return 1;
}

/* Checkpoints are later the further behind they are, so the last one of that time is found by halves. */
static gboolean
find_place (VaDb *sql, VaPrune *prune, GError **error)
{
  VaAuditHead head;
  guint64 low = 0, high;

  if (!va_store_audit_read_head (sql, &head, error))
    return FALSE;
  high = head.seq;
  prune->seq = 0;
  while (low < high)
    {
      guint64 middle = low + (high - low + 1) / 2;
      g_autoptr(VaCheckpoint) checkpoint = NULL;
      int status = find_checkpoint (sql, middle, prune, &checkpoint, error);

      if (status < 0)
        return FALSE;
      if (status == 0 || checkpoint->time < prune->before)
        low = middle;
      else
        high = MIN (middle, checkpoint->seq) - 1;
      if (status == 1 && checkpoint->time < prune->before && checkpoint->seq > prune->seq)
        {
          prune->seq = checkpoint->seq;
          memcpy (prune->link, checkpoint->link, sizeof prune->link);
        }
    }
  if (prune->seq > 0)
    {
      g_autoptr(VaCheckpoint) checkpoint = NULL;

      return find_checkpoint (sql, prune->seq, prune, &checkpoint, error) == 1;
    }
  return TRUE;
}

static gboolean
count_old (VaDb *sql, const char *query, gint64 bound, guint64 *count, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error, query, "i", bound);

  if (row == NULL || va_db_row (row, error) != 1)
    return FALSE;
  *count = (guint64) va_db_column_number (row, 0);
  return TRUE;
}

gboolean
va_store_prune_plan (VaStore *store, VaPrune *prune, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return reader != NULL && find_place (reader, prune, error)
         && count_old (reader, "SELECT count(*) FROM audit WHERE seq <= ?", (gint64) prune->seq, &prune->records, error)
         && count_old (reader, "SELECT count(*) FROM launches WHERE created < ? AND " ENDED, prune->before,
                       &prune->launches, error);
}

/* What is signed must be what the services have written. */
static gboolean
check_place (VaDb *sql, const VaPrune *prune, GError **error)
{
  VaAuditPlace place = { .seq = prune->seq };
  gboolean gone;
  int status;

  memcpy (place.link, prune->link, sizeof place.link);
  status = va_store_audit_find_place (sql, &place, &gone, error);
  if (status != 0)
    return status > 0;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("record %" PRIu64 " of the audit log is not the one that a checkpoint signs, so nothing was removed"),
               prune->seq);
  return FALSE;
}

static gboolean
put_anchor (VaDb *sql, gpointer data, GError **error)
{
  const VaPrune *prune = ((PruneWork *) data)->prune;

  return check_place (sql, prune, error)
         && va_db_run (sql, error, "DELETE FROM audit_anchor WHERE seq <= ?", "i", (gint64) prune->seq)
         && va_store_audit_put_anchor (sql, va_store_side (sql->backend)->audit_key, prune->seq, prune->link,
                                       prune->now, prune->text, error);
}

gboolean
va_store_prune_begin (VaStore *store, VaPrune *prune, VaAuditEntry *entry, GError **error)
{
  PruneWork work = { .prune = prune };

  return va_db_transact (store->backend, put_anchor, &work, entry, error);
}

static gboolean
take_some (VaDb *sql, const char *statement, gint64 bound, PruneWork *work, GError **error)
{
  if (work->count >= work->limit)
    return TRUE;
  if (!va_db_run (sql, error, statement, "ii", bound, (gint64) (work->limit - work->count)))
    return FALSE;
  work->count += va_db_changes (sql);
  return TRUE;
}

static gboolean
remove_some (VaDb *sql, gpointer data, GError **error)
{
  PruneWork *work = data;

  work->count = 0;
  return take_some (sql, "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq <= ? ORDER BY seq LIMIT ?)",
                    (gint64) work->prune->seq, work, error)
         && take_some (sql,
                       "DELETE FROM checkpoints WHERE seq IN (SELECT seq FROM checkpoints WHERE seq <= ? ORDER BY seq "
                       "LIMIT ?)",
                       (gint64) work->prune->seq, work, error)
         && take_some (sql,
                       "DELETE FROM launches WHERE id IN (SELECT id FROM launches WHERE created < ? AND " ENDED
                       " LIMIT ?)",
                       work->prune->before, work, error);
}

gboolean
va_store_prune_step (VaStore *store, VaPrune *prune, guint limit, guint *count, GError **error)
{
  PruneWork work = { .prune = prune, .limit = limit };

  if (!va_db_transact (store->backend, remove_some, &work, NULL, error))
    return FALSE;
  *count = work.count;
  return TRUE;
}
