/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include "core/i18n.h"
#include "store/audit-place.h"

/*
 * Where the audit log ended when this process last saw it. Somebody who writes to the database can remove the newest
 * records, and what is left is whole; so the log may go on from the place that is remembered, but not end before it.
 */

void
va_store_audit_remember_head (VaDbBackend *backend, const VaAuditHead *head)
{
  VaStoreSide *side = va_store_side (backend);

  g_mutex_lock (&side->mutex);
  if (head->seq > side->end.seq)
    {
      side->end.seq = head->seq;
      memcpy (side->end.link, head->link, sizeof side->end.link);
    }
  g_mutex_unlock (&side->mutex);
}

static VaAuditPlace
remembered_end (VaDbBackend *backend)
{
  VaStoreSide *side = va_store_side (backend);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&side->mutex);

  return side->end;
}

static gboolean
refuse_removed (GError **error, guint64 seq, guint64 end)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log's record %" PRIu64 " was removed or replaced: the database has records up "
                 "to %" PRIu64),
               seq, end);
  return FALSE;
}

/* The log was at @end before its head was read, and must have that record still, unless it was pruned. Only where
   another service has gone on is the record looked at. */
static gboolean
check_remembered (VaDb *sql, const VaAuditPlace *end, const VaAuditHead *head, GError **error)
{
  VaAuditPlace anchor;
  gboolean gone;
  int status;

  if (end->seq == 0 || (head->seq == end->seq && memcmp (head->link, end->link, sizeof end->link) == 0))
    return TRUE;
  if (head->seq <= end->seq)
    return refuse_removed (error, end->seq, head->seq);
  status = va_store_audit_find_place (sql, end, &gone, error);
  if (status != 0)
    return status > 0;
  if (!gone)
    return refuse_removed (error, end->seq, head->seq);
  if (!va_store_audit_read_anchor (sql, &anchor, error))
    return FALSE;
  return anchor.seq > end->seq || (anchor.seq == end->seq && memcmp (anchor.link, end->link, sizeof end->link) == 0)
         || refuse_removed (error, end->seq, head->seq);
}

/* Where the next record goes: never before a place where this process has seen the log already. */
gboolean
va_store_audit_read_head (VaDb *sql, VaAuditHead *head, GError **error)
{
  const VaAuditPlace end = remembered_end (sql->backend);

  if (!va_store_audit_find_head (sql, head, error) || !check_remembered (sql, &end, head, error))
    return FALSE;
  va_store_audit_remember_head (sql->backend, head);
  return TRUE;
}
