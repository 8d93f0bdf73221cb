/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/audit-place.h"
#include "store/page.h"
#include "store/store-private.h"

/*
 * The audit log: records are appended and never touched again. Nothing is appended behind a last record that others
 * have put there.
 */

#define CHECKPOINTS_LISTED 100 /* each has a certificate; the newest ones cover what the others do */

#define BEFORE \
  "COALESCE ((SELECT link FROM audit AS last WHERE last.seq = audit.seq - 1)," \
  " (SELECT link FROM audit_anchor WHERE audit_anchor.seq = audit.seq - 1))"
/* A text that the reader may not see is not read, unless nothing else tells its digest. */
#define COLUMNS \
  "seq, owner, " BEFORE \
  " AS link_before, link, CASE WHEN ? IS NULL OR owner = ? OR digest IS NULL THEN text END AS seen," \
  " launch, digest, mac"

typedef struct {
  guint64 seq;
  const char *text;
} CheckpointWork;

/* The audit log's end, as the transaction under way sees it. */
typedef struct {
  VaAuditHead head;
  gboolean known;
} Notes;
G_STATIC_ASSERT (sizeof (Notes) <= VA_DB_NOTES_SIZE);

static Notes *
notes_of (VaDb *sql)
{
  return (Notes *) &sql->notes;
}

gboolean
va_store_audit_write (VaDb *sql, VaAuditEntry *entry, GError **error)
{
  guint8 digest[VA_AUDIT_LINK_SIZE], mac[VA_AUDIT_MAC_SIZE];
  g_autofree char *text = NULL;
  Notes *notes = notes_of (sql);
  VaAuditHead *head = &notes->head;
  VaAuditRecord record;

  if (entry == NULL || va_audit_entry_verdict (entry) == VA_AUDIT_VERDICT_NONE)
    return TRUE;
  g_return_val_if_fail (va_store_side (sql->backend)->audit_key != NULL, FALSE);
  if (!notes->known && !va_store_audit_read_head (sql, head, error))
    return FALSE;
  notes->known = FALSE; /* until the record is there */
  text = va_audit_entry_write (entry, head->seq + 1);
  va_audit_digest (text, digest);
  va_audit_link (head->link, digest, head->link);
  head->seq++;
  record = (VaAuditRecord){ head->seq, head->link, digest, va_audit_entry_text (entry, VA_AUDIT_OWNER),
                            va_audit_entry_text (entry, VA_AUDIT_LAUNCH) };
  va_audit_record_mac (va_store_side (sql->backend)->audit_key, &record, mac);
  if (!va_db_send (sql, error,
                   "INSERT INTO audit (seq, owner, launch, link, text, digest, mac) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   "ittmtmm", (gint64) record.seq, record.owner, record.launch, (gconstpointer) record.link,
                   (gsize) VA_AUDIT_LINK_SIZE, text, (gconstpointer) digest, sizeof digest, (gconstpointer) mac,
                   sizeof mac))
    return FALSE;
  notes->known = TRUE;
  return TRUE;
}

static void
remember_committed (VaDb *sql)
{
  const Notes *notes = notes_of (sql);

  if (notes->known)
    va_store_audit_remember_head (sql->backend, &notes->head);
}

static gboolean
note_entry (VaDb *sql, gpointer entry, GError **error)
{
  return va_store_audit_write (sql, entry, error);
}

const VaDbHooks va_audit_hooks = { note_entry, remember_committed };

static gboolean
do_nothing (VaDb *sql, gpointer data, GError **error)
{
  (void) sql, (void) data, (void) error;
  return TRUE;
}

gboolean
va_store_note (VaStore *store, VaAuditEntry *entry, GError **error)
{
  return va_db_transact (store->backend, do_nothing, NULL, entry, error);
}

/* A record without a MAC is one of the time before only up to the anchor; where that does not hold, none is. */
static gboolean
judge_older (VaDb *sql, GPtrArray *list, GError **error)
{
  gboolean any = FALSE;
  VaAuditPlace anchor = { 0 };
  g_autoptr(GError) reason = NULL;

  for (guint i = 0; i < list->len; i++)
    any |= ((const VaStoredAudit *) list->pdata[i])->trust == VA_AUDIT_CHAINED;
  if (any && !va_store_audit_read_anchor (sql, &anchor, &reason)
      && !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  for (guint i = 0; i < list->len; i++)
    {
      VaStoredAudit *record = list->pdata[i];

      if (record->trust == VA_AUDIT_CHAINED && (reason != NULL || record->seq > anchor.seq))
        record->trust = VA_AUDIT_BROKEN;
    }
  return TRUE;
}

#define OF_OWNER " AND (owner = ? OR ? IS NULL)"

/* From the newest one backwards, or from the oldest one on. */
static VaDbStatement *
query_audit (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaAuditQuery *query = asked;
  const VaStoredAudit *edge = last;
  gint64 after = (gint64) (edge != NULL && !query->newest ? edge->seq : MIN (query->after, (guint64) G_MAXINT64));
  gint64 before = (gint64) (edge != NULL && query->newest ? edge->seq : query->before > 0 ? query->before : G_MAXINT64);

  if (query->launch != NULL)
    return va_db_query (sql, error,
                        "SELECT " COLUMNS " FROM audit WHERE launch = ?" OF_OWNER " AND seq > ? ORDER BY seq LIMIT ?",
                        "tttttii", query->reader, query->reader, query->launch, query->owner, query->owner, after,
                        limit);
  if (query->newest && query->owner != NULL)
    return va_db_query (sql, error,
                        "SELECT " COLUMNS
                        " FROM audit WHERE owner = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                        "tttiii", query->reader, query->reader, query->owner, after, before, limit);
  if (query->newest)
    return va_db_query (sql, error, "SELECT " COLUMNS " FROM audit WHERE seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                        "ttiii", query->reader, query->reader, after, before, limit);
  return va_db_query (sql, error, "SELECT " COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", "ttii",
                      query->reader, query->reader, after, limit);
}

static gsize
record_size (gconstpointer record)
{
  return sizeof (VaStoredAudit) + va_store_text_size (((const VaStoredAudit *) record)->text);
}

static void
turn_round (GPtrArray *list)
{
  for (guint i = 0; i < list->len / 2; i++)
    {
      gpointer other = list->pdata[list->len - 1 - i];

      list->pdata[list->len - 1 - i] = list->pdata[i];
      list->pdata[i] = other;
    }
}

/* Whoever takes a record's text away leaves its digest there, and its MAC holds that one alone. */
static void
judge_textless (const VaAuditQuery *query, GPtrArray *list)
{
  for (guint i = 0; i < list->len; i++)
    {
      VaStoredAudit *record = list->pdata[i];

      if (record->text == NULL && (query->reader == NULL || g_strcmp0 (record->owner, query->reader) == 0))
        record->trust = VA_AUDIT_BROKEN;
    }
}

GPtrArray *
va_store_list_audit (VaStore *store, const VaAuditQuery *query, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_audit, va_store_audit_read, record_size,
                                   (GDestroyNotify) va_stored_audit_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(GPtrArray) list = va_store_page_read (reader, &kind, query, query->limit, query->bytes, more, error);

  if (list == NULL || !judge_older (reader, list, error))
    return NULL;
  judge_textless (query, list);
  if (query->newest)
    turn_round (list);
  return g_steal_pointer (&list);
}

GPtrArray *
va_store_audit_list_links (VaDbBackend *backend, guint64 after, guint limit, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (backend, error);
  g_autoptr(VaDbStatement) rows =
    va_db_query (reader, error, "SELECT " VA_AUDIT_LINK_COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", "ii",
                 (gint64) after, (gint64) limit);

  return rows != NULL ? va_db_list (rows, va_store_audit_read, (GDestroyNotify) va_stored_audit_free, error) : NULL;
}

/* Only a pruning's anchor has a text. */
gboolean
va_store_audit_begin (VaStore *store, VaAuditPlace *place, char **text, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error,
                 "SELECT seq, link, time, text, mac FROM audit_anchor WHERE text IS NOT NULL"
                 " ORDER BY seq DESC LIMIT 1",
                 "");
  int status = row != NULL ? va_db_row (row, error) : -1;

  memset (place, 0, sizeof *place);
  if (text != NULL)
    *text = NULL;
  if (status != 1)
    return status == 0;
  if (!va_store_audit_check_anchor (row, va_store_side (store->backend)->audit_key, place, error))
    return FALSE;
  if (text != NULL)
    *text = va_db_column_text (row, 3);
  return TRUE;
}

gboolean
va_store_audit_anchor (VaStore *store, VaAuditPlace *anchor, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return reader != NULL && va_store_audit_read_anchor (reader, anchor, error);
}

gboolean
va_store_audit_head (VaStore *store, VaAuditHead *head, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return reader != NULL && va_store_audit_read_head (reader, head, error);
}

static gboolean
insert_checkpoint (VaDb *sql, gpointer data, GError **error)
{
  const CheckpointWork *work = data;

  return va_db_run (sql, error,
                    "INSERT INTO checkpoints (seq, text) VALUES (?, ?)"
                    " ON CONFLICT (seq) DO UPDATE SET text = excluded.text",
                    "it", (gint64) work->seq, work->text);
}

gboolean
va_store_put_checkpoint (VaStore *store, guint64 seq, const char *text, GError **error)
{
  CheckpointWork work = { seq, text };

  return va_db_transact (store->backend, insert_checkpoint, &work, NULL, error);
}

static gpointer
read_checkpoint (VaDbStatement *row)
{
  return va_db_column_needed_text (row, 0);
}

GPtrArray *
va_store_list_checkpoints (VaStore *store, guint64 after, guint64 upto, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) rows = va_db_query (reader, error,
                                               "SELECT text FROM (SELECT seq, text FROM checkpoints WHERE seq > ?"
                                               " AND seq <= ? ORDER BY seq DESC LIMIT ?) AS newest ORDER BY seq",
                                               "iii", (gint64) after, (gint64) upto, (gint64) CHECKPOINTS_LISTED);

  return rows != NULL ? va_db_list (rows, read_checkpoint, g_free, error) : NULL;
}

GPtrArray *
va_store_newest_checkpoints (VaStore *store, guint limit, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) rows =
    va_db_query (reader, error, "SELECT text FROM checkpoints ORDER BY seq DESC LIMIT ?", "i", (gint64) limit);

  return rows != NULL ? va_db_list (rows, read_checkpoint, g_free, error) : NULL;
}
