/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/sql-page.h"

/* The audit log: records are appended and never touched again. */

#define CHECKPOINTS_LISTED 100 /* each has a certificate; the newest ones cover what the others do */

/* A text that the reader may not see is not read, unless nothing else tells its digest. */
#define COLUMNS \
  "seq, owner, (SELECT link FROM audit AS last WHERE last.seq = audit.seq - 1) AS link_before, link, digest," \
  " CASE WHEN ? IS NULL OR owner = ? OR digest IS NULL THEN text END AS seen"

typedef struct {
  guint64 seq;
  const char *text;
} Work;

static gboolean
take_link (VaStatement *row, int column, guint8 link[VA_AUDIT_LINK_SIZE])
{
  g_autoptr(GBytes) bytes = va_column_bytes (row, column);
  gsize size;
  gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  memset (link, 0, VA_AUDIT_LINK_SIZE);
  if (data == NULL || size != VA_AUDIT_LINK_SIZE)
    return FALSE;
  memcpy (link, data, VA_AUDIT_LINK_SIZE);
  return TRUE;
}

static gpointer
read_record (VaStatement *row)
{
  VaStoredAudit *record = g_new0 (VaStoredAudit, 1);

  record->seq = (guint64) va_column_number (row, 0);
  record->owner = va_column_text (row, 1);
  take_link (row, 2, record->before);
  take_link (row, 3, record->link);
  take_link (row, 4, record->digest);
  record->text = va_column_text (row, 5);
  return record;
}

static gboolean
read_head (VaSql *sql, VaAuditHead *head, GError **error)
{
  g_autoptr(VaStatement) row = va_sql_query (sql, error,
                                                "SELECT seq, link, (SELECT max(seq) FROM checkpoints) FROM audit"
                                                " ORDER BY seq DESC LIMIT 1", "");
  int status = row != NULL ? va_sql_row (row, error) : -1;

  memset (head, 0, sizeof *head);
  if (status < 1)
    return status == 0;
  head->seq = (guint64) va_column_number (row, 0);
  head->signed_seq = (guint64) va_column_number (row, 2);
  if (take_link (row, 1, head->link))
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("the audit log's last record is broken"));
  return FALSE;
}

static const char *
text_member (JsonObject *entry, const char *name)
{
  return json_object_has_member (entry, name) ? json_object_get_string_member (entry, name) : NULL;
}

gboolean
va_sql_note (VaSql *sql, JsonObject *entry, GError **error)
{
  guint8 digest[VA_AUDIT_LINK_SIZE];
  g_autofree char *text = NULL;
  VaAuditHead *head = &sql->head;

  if (entry == NULL || !json_object_has_member (entry, "result"))
    return TRUE;
  if (!sql->head_known && !read_head (sql, head, error))
    return FALSE;
  sql->head_known = FALSE; /* until the record is there */
  text = va_audit_text (entry, head->seq + 1);
  va_audit_digest (text, digest);
  va_audit_link (head->link, digest, head->link);
  head->seq++;
  if (!va_sql_send (sql, error, "INSERT INTO audit (seq, owner, launch, link, text, digest) VALUES (?, ?, ?, ?, ?, ?)", "ittmtm",
                   (gint64) head->seq, text_member (entry, "owner"), text_member (entry, "launch-id"),
                   (gconstpointer) head->link, (gsize) VA_AUDIT_LINK_SIZE, text, (gconstpointer) digest, sizeof digest))
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

static gboolean
note (VaBackend *backend, JsonObject *entry, GError **error)
{
  return va_sql_transact (backend, do_nothing, NULL, entry, error);
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

static GPtrArray *
list_audit (VaBackend *backend, const VaAuditQuery *query, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_audit, read_record, record_size, (GDestroyNotify) va_stored_audit_free };
  g_autoptr(VaSqlReader) reader = va_sql_reader (backend, error);
  GPtrArray *list = va_sql_page (reader, &kind, query, query->limit, query->bytes, more, error);

  if (list != NULL && query->newest)
    turn_round (list);
  return list;
}

static gboolean
audit_head (VaBackend *backend, VaAuditHead *head, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (backend, error);

  return read_head (reader, head, error);
}

static gboolean
insert_checkpoint (VaSql *sql, gpointer data, GError **error)
{
  const Work *work = data;

  return va_sql_run (sql, error, "INSERT INTO checkpoints (seq, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
                        "it", (gint64) work->seq, work->text);
}

static gboolean
put_checkpoint (VaBackend *backend, guint64 seq, const char *text, GError **error)
{
  Work work = { seq, text };

  return va_sql_transact (backend, insert_checkpoint, &work, NULL, error);
}

static gpointer
read_checkpoint (VaStatement *row)
{
  return va_column_text (row, 0);
}

static GPtrArray *
list_checkpoints (VaBackend *backend, guint64 after, guint64 upto, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (backend, error);
  g_autoptr(VaStatement) rows = va_sql_query (reader, error,
                                                 "SELECT text FROM (SELECT seq, text FROM checkpoints WHERE seq > ?"
                                                 " AND seq <= ? ORDER BY seq DESC LIMIT ?) AS newest ORDER BY seq",
                                                 "iii", (gint64) after, (gint64) upto, (gint64) CHECKPOINTS_LISTED);

  return rows != NULL ? va_sql_list (rows, read_checkpoint, g_free, error) : NULL;
}

void
va_sql_add_audit (VaBackendClass *class)
{
  class->note = note;
  class->list_audit = list_audit;
  class->audit_head = audit_head;
  class->put_checkpoint = put_checkpoint;
  class->list_checkpoints = list_checkpoints;
}
