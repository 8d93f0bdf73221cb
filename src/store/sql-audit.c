/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/sql-page.h"
#include "store/store-private.h"

/*
 * The audit log: records are appended and never touched again. Nothing is appended behind a last record that others have
 * put there.
 */

#define CHECKPOINTS_LISTED 100 /* each has a certificate; the newest ones cover what the others do */

#define BEFORE \
  "COALESCE ((SELECT link FROM audit AS last WHERE last.seq = audit.seq - 1)," \
  " (SELECT link FROM audit_anchor WHERE audit_anchor.seq = audit.seq - 1))"
/* A text that the reader may not see is not read, unless nothing else tells its digest. */
#define COLUMNS \
  "seq, owner, " BEFORE " AS link_before, link, CASE WHEN ? IS NULL OR owner = ? OR digest IS NULL THEN text END AS seen," \
  " launch, digest, mac"
/* The text only where there is nothing else to know its digest from. */
#define LINK_COLUMNS "seq, owner, NULL, link, CASE WHEN digest IS NULL THEN text END, launch, digest, mac"

typedef struct {
  guint64 seq;
  const char *text;
} Work;

/* An older record has no MAC; what it is worth depends on the anchor. */
static VaAuditTrust
trust_of (VaSecret *key, const VaStoredAudit *record, gboolean digest_fits)
{
  const VaAuditRecord held = { record->seq, record->link, record->digest, record->owner, record->launch };
  guint8 mac[VA_AUDIT_MAC_SIZE];

  if (!record->has_mac)
    return VA_AUDIT_CHAINED;
  if (key == NULL || !digest_fits)
    return VA_AUDIT_BROKEN;
  va_audit_record_mac (key, &held, mac);
  return va_bytes_equal (mac, record->mac, sizeof mac) ? VA_AUDIT_HELD : VA_AUDIT_BROKEN;
}

static gpointer
read_record (VaStatement *row)
{
  VaStoredAudit *record = g_new0 (VaStoredAudit, 1);
  gboolean digest_fits;
  guint8 digest[VA_AUDIT_LINK_SIZE];

  record->seq = (guint64) va_column_number (row, 0);
  record->owner = va_column_text (row, 1);
  va_sql_take_link (row, 2, record->before);
  va_sql_take_link (row, 3, record->link);
  record->text = va_column_text (row, 4);
  record->launch = va_column_text (row, 5);
  digest_fits = va_sql_take_link (row, 6, record->digest);
  if (record->text != NULL)
    {
      va_audit_digest (record->text, digest);
      digest_fits = digest_fits && memcmp (digest, record->digest, sizeof digest) == 0;
      memcpy (record->digest, digest, sizeof digest);
    }
  record->has_mac = !va_column_is_null (row, 7);
  if (!va_sql_take_link (row, 7, record->mac) && record->has_mac)
    digest_fits = FALSE;
  record->trust = trust_of (row->sql->backend->audit_key, record, digest_fits);
  return record;
}

static gboolean
check_anchor (VaStatement *row, VaSecret *key, VaAuditPlace *anchor, GError **error)
{
  g_autofree char *text = va_column_text (row, 3);
  guint8 mac[VA_AUDIT_MAC_SIZE], expected[VA_AUDIT_MAC_SIZE];

  anchor->seq = (guint64) va_column_number (row, 0);
  if (va_sql_take_link (row, 1, anchor->link) && va_sql_take_link (row, 4, mac) && key != NULL)
    {
      va_audit_anchor_mac (key, anchor->seq, anchor->link, va_column_number (row, 2), text, expected);
      if (va_bytes_equal (mac, expected, sizeof mac))
        return TRUE;
    }
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log's anchor at record %" G_GUINT64_FORMAT " was changed in the database"), anchor->seq);
  return FALSE;
}

gboolean
va_sql_read_anchor (VaSql *sql, VaAuditPlace *anchor, GError **error)
{
  g_autoptr(VaStatement) row = va_sql_query (sql, error,
                                             "SELECT seq, link, time, text, mac FROM audit_anchor ORDER BY seq DESC LIMIT 1",
                                             "");
  int status = row != NULL ? va_sql_row (row, error) : -1;

  memset (anchor, 0, sizeof *anchor);
  return status == 1 ? check_anchor (row, sql->backend->audit_key, anchor, error) : status == 0;
}

/* The last record and the newest checkpoint's place; %NULL with status 0: there are none. */
static VaStoredAudit *
read_last (VaSql *sql, guint64 *signed_seq, int *status, GError **error)
{
  g_autoptr(VaStatement) row = va_sql_query (sql, error,
                                             "SELECT " LINK_COLUMNS ", (SELECT max(seq) FROM checkpoints) FROM audit"
                                             " ORDER BY seq DESC LIMIT 1", "");

  *status = row != NULL ? va_sql_row (row, error) : -1;
  if (*status == 1)
    *signed_seq = (guint64) va_column_number (row, 8);
  return *status == 1 ? read_record (row) : NULL;
}

/* The anchor is looked at only where the last record has no MAC, or is not there. */
gboolean
va_sql_find_head (VaSql *sql, VaAuditHead *head, GError **error)
{
  g_autoptr(VaStoredAudit) last = NULL;
  VaAuditPlace anchor;
  int status;

  memset (head, 0, sizeof *head);
  last = read_last (sql, &head->signed_seq, &status, error);
  if (status < 0)
    return FALSE;
  if (last == NULL || last->trust == VA_AUDIT_CHAINED)
    {
      if (!va_sql_read_anchor (sql, &anchor, error))
        return FALSE;
      head->seq = anchor.seq;
      memcpy (head->link, anchor.link, sizeof head->link);
      return last == NULL || (last->seq == anchor.seq && memcmp (last->link, anchor.link, sizeof anchor.link) == 0)
             || va_store_refuse_broken (last->seq, error);
    }
  head->seq = last->seq;
  memcpy (head->link, last->link, sizeof head->link);
  return last->trust == VA_AUDIT_HELD || va_store_refuse_broken (last->seq, error);
}

gboolean
va_sql_put_anchor (VaSql *sql, VaSecret *audit_key, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE], gint64 now,
                   const char *text, GError **error)
{
  guint8 mac[VA_AUDIT_MAC_SIZE];

  va_audit_anchor_mac (audit_key, seq, link, now, text, mac);
  return va_sql_run (sql, error, "INSERT INTO audit_anchor (seq, link, time, text, mac) VALUES (?, ?, ?, ?, ?)", "imitm",
                     (gint64) seq, (gconstpointer) link, (gsize) VA_AUDIT_LINK_SIZE, now, text, (gconstpointer) mac,
                     sizeof mac);
}

gboolean
va_sql_anchor_end (VaSql *sql, VaSecret *audit_key, gint64 now, GError **error)
{
  guint64 signed_seq;
  int status;
  g_autoptr(VaStoredAudit) last = read_last (sql, &signed_seq, &status, error);

  if (last == NULL)
    return status == 0;
  if (last->trust != VA_AUDIT_CHAINED)
    return va_store_refuse_broken (last->seq, error);
  return va_sql_put_anchor (sql, audit_key, last->seq, last->link, now, NULL, error);
}

static const char *
text_member (JsonObject *entry, const char *name)
{
  return json_object_has_member (entry, name) ? json_object_get_string_member (entry, name) : NULL;
}

gboolean
va_sql_note (VaSql *sql, JsonObject *entry, GError **error)
{
  guint8 digest[VA_AUDIT_LINK_SIZE], mac[VA_AUDIT_MAC_SIZE];
  g_autofree char *text = NULL;
  VaAuditHead *head = &sql->head;
  VaAuditRecord record;

  if (entry == NULL || !json_object_has_member (entry, "result"))
    return TRUE;
  g_return_val_if_fail (sql->backend->audit_key != NULL, FALSE);
  if (!sql->head_known && !va_sql_read_head (sql, head, error))
    return FALSE;
  sql->head_known = FALSE; /* until the record is there */
  text = va_audit_text (entry, head->seq + 1);
  va_audit_digest (text, digest);
  va_audit_link (head->link, digest, head->link);
  head->seq++;
  record = (VaAuditRecord) { head->seq, head->link, digest, text_member (entry, "owner"), text_member (entry, "launch-id") };
  va_audit_record_mac (sql->backend->audit_key, &record, mac);
  if (!va_sql_send (sql, error,
                    "INSERT INTO audit (seq, owner, launch, link, text, digest, mac) VALUES (?, ?, ?, ?, ?, ?, ?)", "ittmtmm",
                    (gint64) record.seq, record.owner, record.launch, (gconstpointer) record.link,
                    (gsize) VA_AUDIT_LINK_SIZE, text, (gconstpointer) digest, sizeof digest, (gconstpointer) mac, sizeof mac))
    return FALSE;
  sql->head_known = TRUE;
  return TRUE;
}

static gboolean
do_nothing (VaSql *sql, gpointer data, GError **error)
{
  (void) sql, (void) data, (void) error;
  return TRUE;
}

gboolean
va_store_note (VaStore *store, JsonObject *entry, GError **error)
{
  return va_sql_transact (store->backend, do_nothing, NULL, entry, error);
}

/* A record without a MAC is one of the time before only up to the anchor; where that does not hold, none is. */
static gboolean
judge_older (VaSql *sql, GPtrArray *list, GError **error)
{
  gboolean any = FALSE;
  VaAuditPlace anchor = { 0 };
  g_autoptr(GError) reason = NULL;

  for (guint i = 0; i < list->len; i++)
    any |= ((const VaStoredAudit *) list->pdata[i])->trust == VA_AUDIT_CHAINED;
  if (any && !va_sql_read_anchor (sql, &anchor, &reason) && !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT))
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
static VaStatement *
query_audit (VaSql *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaAuditQuery *query = asked;
  const VaStoredAudit *edge = last;
  gint64 after = (gint64) (edge != NULL && !query->newest ? edge->seq : MIN (query->after, (guint64) G_MAXINT64));
  gint64 before = (gint64) (edge != NULL && query->newest ? edge->seq : query->before > 0 ? query->before : G_MAXINT64);

  if (query->launch != NULL)
    return va_sql_query (sql, error,
                         "SELECT " COLUMNS " FROM audit WHERE launch = ?" OF_OWNER " AND seq > ? ORDER BY seq LIMIT ?",
                         "tttttii", query->reader, query->reader, query->launch, query->owner, query->owner, after, limit);
  if (query->newest && query->owner != NULL)
    return va_sql_query (sql, error,
                         "SELECT " COLUMNS " FROM audit WHERE owner = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                         "tttiii", query->reader, query->reader, query->owner, after, before, limit);
  if (query->newest)
    return va_sql_query (sql, error,
                         "SELECT " COLUMNS " FROM audit WHERE seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?", "ttiii",
                         query->reader, query->reader, after, before, limit);
  return va_sql_query (sql, error, "SELECT " COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", "ttii", query->reader,
                       query->reader, after, limit);
}

static gsize
record_size (gconstpointer record)
{
  return sizeof (VaStoredAudit) + va_sql_text_size (((const VaStoredAudit *) record)->text);
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
  static const VaPageKind kind = { query_audit, read_record, record_size, (GDestroyNotify) va_stored_audit_free };
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(GPtrArray) list = va_sql_page (reader, &kind, query, query->limit, query->bytes, more, error);

  if (list == NULL || !judge_older (reader, list, error))
    return NULL;
  judge_textless (query, list);
  if (query->newest)
    turn_round (list);
  return g_steal_pointer (&list);
}

GPtrArray *
va_sql_list_links (VaBackend *backend, guint64 after, guint limit, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (backend, error);
  g_autoptr(VaStatement) rows = va_sql_query (reader, error,
                                              "SELECT " LINK_COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", "ii",
                                              (gint64) after, (gint64) limit);

  return rows != NULL ? va_sql_list (rows, read_record, (GDestroyNotify) va_stored_audit_free, error) : NULL;
}

/* Only a pruning's anchor has a text. */
gboolean
va_store_audit_begin (VaStore *store, VaAuditPlace *place, char **text, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) row = va_sql_query (reader, error,
                                             "SELECT seq, link, time, text, mac FROM audit_anchor WHERE text IS NOT NULL"
                                             " ORDER BY seq DESC LIMIT 1", "");
  int status = row != NULL ? va_sql_row (row, error) : -1;

  memset (place, 0, sizeof *place);
  if (text != NULL)
    *text = NULL;
  if (status != 1)
    return status == 0;
  if (!check_anchor (row, store->backend->audit_key, place, error))
    return FALSE;
  if (text != NULL)
    *text = va_column_text (row, 3);
  return TRUE;
}

gboolean
va_store_audit_anchor (VaStore *store, VaAuditPlace *anchor, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);

  return reader != NULL && va_sql_read_anchor (reader, anchor, error);
}

gboolean
va_store_audit_head (VaStore *store, VaAuditHead *head, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);

  return reader != NULL && va_sql_read_head (reader, head, error);
}

static gboolean
insert_checkpoint (VaSql *sql, gpointer data, GError **error)
{
  const Work *work = data;

  return va_sql_run (sql, error, "INSERT INTO checkpoints (seq, text) VALUES (?, ?)"
                        " ON CONFLICT (seq) DO UPDATE SET text = excluded.text", "it", (gint64) work->seq, work->text);
}

gboolean
va_store_put_checkpoint (VaStore *store, guint64 seq, const char *text, GError **error)
{
  Work work = { seq, text };

  return va_sql_transact (store->backend, insert_checkpoint, &work, NULL, error);
}

static gpointer
read_checkpoint (VaStatement *row)
{
  return va_column_needed_text (row, 0);
}

GPtrArray *
va_store_list_checkpoints (VaStore *store, guint64 after, guint64 upto, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) rows = va_sql_query (reader, error,
                                                 "SELECT text FROM (SELECT seq, text FROM checkpoints WHERE seq > ?"
                                                 " AND seq <= ? ORDER BY seq DESC LIMIT ?) AS newest ORDER BY seq",
                                                 "iii", (gint64) after, (gint64) upto, (gint64) CHECKPOINTS_LISTED);

  return rows != NULL ? va_sql_list (rows, read_checkpoint, g_free, error) : NULL;
}

GPtrArray *
va_store_newest_checkpoints (VaStore *store, guint limit, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) rows = va_sql_query (reader, error, "SELECT text FROM checkpoints ORDER BY seq DESC LIMIT ?", "i",
                                              (gint64) limit);

  return rows != NULL ? va_sql_list (rows, read_checkpoint, g_free, error) : NULL;
}
