/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/audit-place.h"

#include <inttypes.h>
#include <string.h>
#include "core/i18n.h"

/* What of the audit log the database has: its records, its anchor, its last record. */

gboolean
va_store_refuse_broken (guint64 seq, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log's record %" PRIu64 " was changed in the database, or one before it is missing"), seq);
  return FALSE;
}

gboolean
va_store_audit_take_link (VaDbStatement *row, int column, guint8 link[VA_AUDIT_LINK_SIZE])
{
  g_autoptr(GBytes) bytes = va_db_column_bytes (row, column);
  gsize size;
  gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  memset (link, 0, VA_AUDIT_LINK_SIZE);
  if (data == NULL || size != VA_AUDIT_LINK_SIZE)
    return FALSE;
  memcpy (link, data, VA_AUDIT_LINK_SIZE);
  return TRUE;
}

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

void
va_stored_audit_free (VaStoredAudit *record)
{
  if (record == NULL)
    return;
  g_free (record->owner);
  g_free (record->launch);
  g_free (record->text);
  g_free (record);
}

gpointer
va_store_audit_read (VaDbStatement *row)
{
  VaStoredAudit *record = g_new0 (VaStoredAudit, 1);
  gboolean digest_fits;
  guint8 digest[VA_AUDIT_LINK_SIZE];

  record->seq = (guint64) va_db_column_number (row, 0);
  record->owner = va_db_column_text (row, 1);
  va_store_audit_take_link (row, 2, record->before);
  va_store_audit_take_link (row, 3, record->link);
  record->text = va_db_column_text (row, 4);
  record->launch = va_db_column_text (row, 5);
  digest_fits = va_store_audit_take_link (row, 6, record->digest);
  if (record->text != NULL)
    {
      va_audit_digest (record->text, digest);
      digest_fits = digest_fits && memcmp (digest, record->digest, sizeof digest) == 0;
      memcpy (record->digest, digest, sizeof digest);
    }
  record->has_mac = !va_db_column_is_null (row, 7);
  if (!va_store_audit_take_link (row, 7, record->mac) && record->has_mac)
    digest_fits = FALSE;
  record->trust = trust_of (va_store_side (row->sql->backend)->audit_key, record, digest_fits);
  return record;
}

gboolean
va_store_audit_check_anchor (VaDbStatement *row, VaSecret *key, VaAuditPlace *anchor, GError **error)
{
  g_autofree char *text = va_db_column_text (row, 3);
  guint8 mac[VA_AUDIT_MAC_SIZE], expected[VA_AUDIT_MAC_SIZE];

  anchor->seq = (guint64) va_db_column_number (row, 0);
  if (va_store_audit_take_link (row, 1, anchor->link) && va_store_audit_take_link (row, 4, mac) && key != NULL)
    {
      va_audit_anchor_mac (key, anchor->seq, anchor->link, va_db_column_number (row, 2), text, expected);
      if (va_bytes_equal (mac, expected, sizeof mac))
        return TRUE;
    }
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log's anchor at record %" PRIu64 " was changed in the database"), anchor->seq);
  return FALSE;
}

gboolean
va_store_audit_read_anchor (VaDb *sql, VaAuditPlace *anchor, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT seq, link, time, text, mac FROM audit_anchor ORDER BY seq DESC LIMIT 1", "");
  int status = row != NULL ? va_db_row (row, error) : -1;

  memset (anchor, 0, sizeof *anchor);
  return status == 1 ? va_store_audit_check_anchor (row, va_store_side (sql->backend)->audit_key, anchor, error)
                     : status == 0;
}

/* The last record and the newest checkpoint's place; %NULL with status 0: there are none. */
static VaStoredAudit *
read_last (VaDb *sql, guint64 *signed_seq, int *status, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error,
                                              "SELECT " VA_AUDIT_LINK_COLUMNS
                                              ", (SELECT max(seq) FROM checkpoints) FROM audit"
                                              " ORDER BY seq DESC LIMIT 1",
                                              "");

  *status = row != NULL ? va_db_row (row, error) : -1;
  if (*status == 1)
    *signed_seq = (guint64) va_db_column_number (row, 8);
  return *status == 1 ? va_store_audit_read (row) : NULL;
}

/* The anchor is looked at only where the last record has no MAC, or is not there. */
gboolean
va_store_audit_find_head (VaDb *sql, VaAuditHead *head, GError **error)
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
      if (!va_store_audit_read_anchor (sql, &anchor, error))
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
va_store_audit_put_anchor (VaDb *sql, VaSecret *audit_key, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE],
                           gint64 now, const char *text, GError **error)
{
  guint8 mac[VA_AUDIT_MAC_SIZE];

  va_audit_anchor_mac (audit_key, seq, link, now, text, mac);
  return va_db_run (sql, error, "INSERT INTO audit_anchor (seq, link, time, text, mac) VALUES (?, ?, ?, ?, ?)", "imitm",
                    (gint64) seq, (gconstpointer) link, (gsize) VA_AUDIT_LINK_SIZE, now, text, (gconstpointer) mac,
                    sizeof mac);
}

gboolean
va_store_audit_anchor_end (VaDb *sql, VaSecret *audit_key, gint64 now, GError **error)
{
  guint64 signed_seq;
  int status;
  g_autoptr(VaStoredAudit) last = read_last (sql, &signed_seq, &status, error);

  if (last == NULL)
    return status == 0;
  if (last->trust != VA_AUDIT_CHAINED)
    return va_store_refuse_broken (last->seq, error);
  return va_store_audit_put_anchor (sql, audit_key, last->seq, last->link, now, NULL, error);
}

int
va_store_audit_find_place (VaDb *sql, const VaAuditPlace *place, gboolean *gone, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT link FROM audit WHERE seq = ?", "i", (gint64) place->seq);
  int status = row != NULL ? va_db_row (row, error) : -1;
  guint8 link[VA_AUDIT_LINK_SIZE];

  *gone = status == 0;
  return status == 1 ? va_store_audit_take_link (row, 0, link) && memcmp (link, place->link, sizeof link) == 0 : status;
}
