/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/sqlite.h"

/* The audit log: records are appended and never touched again. */

#define COLUMNS "seq, owner, (SELECT link FROM audit AS last WHERE last.seq = audit.seq - 1), link, text"

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
  record->text = va_column_text (row, 4);
  return record;
}

static gboolean
read_head (VaSqliteConnection *connection, VaAuditHead *head, GError **error)
{
  g_autoptr(VaStatement) row = va_sqlite_query (connection, error,
                                                "SELECT seq, link, (SELECT max(seq) FROM checkpoints) FROM audit"
                                                " ORDER BY seq DESC LIMIT 1", "");
  int status = row != NULL ? va_sqlite_row (row, error) : -1;

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
va_sqlite_note (VaSqliteConnection *connection, JsonObject *entry, GError **error)
{
  guint8 digest[VA_AUDIT_LINK_SIZE];
  g_autofree char *text = NULL;
  VaAuditHead head;

  if (entry == NULL || !json_object_has_member (entry, "result"))
    return TRUE;
  if (!read_head (connection, &head, error))
    return FALSE;
  text = va_audit_text (entry, head.seq + 1);
  va_audit_digest (text, digest);
  va_audit_link (head.link, digest, head.link);
  return va_sqlite_run (connection, error, "INSERT INTO audit (seq, owner, launch, link, text) VALUES (?, ?, ?, ?, ?)",
                        "ittmt", (gint64) head.seq + 1, text_member (entry, "owner"), text_member (entry, "launch-id"),
                        (gconstpointer) head.link, (gsize) VA_AUDIT_LINK_SIZE, text);
}

static gboolean
do_nothing (VaSqliteConnection *connection, gpointer data, GError **error)
{
  (void) connection, (void) data, (void) error;
  return TRUE;
}

static gboolean
note (VaBackend *backend, JsonObject *entry, GError **error)
{
  return va_sqlite_transact (backend, do_nothing, NULL, entry, error);
}

static GPtrArray *
list_audit (VaBackend *backend, const VaAuditQuery *query, GError **error)
{
  VaSqliteConnection *reader = va_sqlite_reader (backend);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&reader->mutex);
  g_autoptr(VaStatement) rows = NULL;
  gint64 after = (gint64) MIN (query->after, (guint64) G_MAXINT64), limit = query->limit;

  if (query->launch != NULL)
    rows = va_sqlite_query (reader, error,
                            "SELECT " COLUMNS " FROM audit WHERE launch = ? AND (owner = ? OR ? IS NULL) AND seq > ?"
                            " ORDER BY seq LIMIT ?", "tttii", query->launch, query->owner, query->owner, after, limit);
  else if (query->newest && query->owner != NULL)
    rows = va_sqlite_query (reader, error,
                            "SELECT * FROM (SELECT " COLUMNS " FROM audit WHERE owner = ? AND seq > ?"
                            " ORDER BY seq DESC LIMIT ?) ORDER BY seq", "tii", query->owner, after, limit);
  else if (query->newest)
    rows = va_sqlite_query (reader, error,
                            "SELECT * FROM (SELECT " COLUMNS " FROM audit WHERE seq > ? ORDER BY seq DESC LIMIT ?)"
                            " ORDER BY seq", "ii", after, limit);
  else
    rows = va_sqlite_query (reader, error, "SELECT " COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", "ii",
                            after, limit);
  return rows != NULL ? va_sqlite_list (rows, read_record, (GDestroyNotify) va_stored_audit_free, error) : NULL;
}

static gboolean
audit_head (VaBackend *backend, VaAuditHead *head, GError **error)
{
  VaSqliteConnection *reader = va_sqlite_reader (backend);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&reader->mutex);

  return read_head (reader, head, error);
}

static gboolean
insert_checkpoint (VaSqliteConnection *connection, gpointer data, GError **error)
{
  const Work *work = data;

  return va_sqlite_run (connection, error, "INSERT INTO checkpoints (seq, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
                        "it", (gint64) work->seq, work->text);
}

static gboolean
put_checkpoint (VaBackend *backend, guint64 seq, const char *text, GError **error)
{
  Work work = { seq, text };

  return va_sqlite_transact (backend, insert_checkpoint, &work, NULL, error);
}

static gpointer
read_checkpoint (VaStatement *row)
{
  return va_column_text (row, 0);
}

static GPtrArray *
list_checkpoints (VaBackend *backend, guint64 after, guint64 upto, GError **error)
{
  VaSqliteConnection *reader = va_sqlite_reader (backend);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&reader->mutex);
  g_autoptr(VaStatement) rows = va_sqlite_query (reader, error,
                                                 "SELECT text FROM checkpoints WHERE seq > ? AND seq <= ? ORDER BY seq",
                                                 "ii", (gint64) after, (gint64) upto);

  return rows != NULL ? va_sqlite_list (rows, read_checkpoint, g_free, error) : NULL;
}

void
va_sqlite_add_audit (VaBackendClass *class)
{
  class->note = note;
  class->list_audit = list_audit;
  class->audit_head = audit_head;
  class->put_checkpoint = put_checkpoint;
  class->list_checkpoints = list_checkpoints;
}
