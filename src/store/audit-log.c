/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include "core/i18n.h"
#include "store/audit-place.h"
#include "store/store-private.h"

/* The audit log, and whether what the database has of it is what the services on this store have written. */

#define BATCH 500 /* records, of some 200 bytes each without their texts */

/* From @place to @record, which must be the next one. */
static gboolean
take_step (VaAuditPlace *place, const VaStoredAudit *record, VaAuditTrust least, GError **error)
{
  guint8 link[VA_AUDIT_LINK_SIZE];

  va_audit_link (place->link, record->digest, link);
  if (record->seq != place->seq + 1 || record->trust < least || memcmp (link, record->link, sizeof link) != 0)
    return va_store_refuse_broken (place->seq + 1, error);
  place->seq = record->seq;
  memcpy (place->link, link, sizeof link);
  return TRUE;
}

/* How many records there were is added to @count. */
static gboolean
take_steps (VaStore *store, VaAuditPlace *place, guint64 most, VaAuditTrust least, guint64 *count, GError **error)
{
  g_autoptr(GPtrArray) list = va_store_audit_list_links (store->backend, place->seq, (guint) MIN (most, BATCH), error);

  for (guint i = 0; list != NULL && i < list->len; i++)
    if (!take_step (place, list->pdata[i], least, error))
      return FALSE;
  if (list != NULL)
    *count += list->len;
  return list != NULL;
}

/* Where no record follows, the last one must be the one that was come to. */
static gboolean
check_end (VaStore *store, const VaAuditPlace *place, gboolean *at_end, GError **error)
{
  VaAuditHead head;

  if (!va_store_audit_head (store, &head, error))
    return FALSE;
  *at_end = head.seq == place->seq && memcmp (head.link, place->link, sizeof head.link) == 0;
  return *at_end || head.seq > place->seq || va_store_refuse_broken (MAX (place->seq, 1), error);
}

gboolean
va_store_audit_follow (VaStore *store, VaAuditPlace *place, guint64 most, gboolean *at_end, GError **error)
{
  guint64 count = 0, before;

  *at_end = FALSE;
  do
    {
      before = count;
      if (!take_steps (store, place, most - count, VA_AUDIT_HELD, &count, error)
          || (count == before && !check_end (store, place, at_end, error)))
        return FALSE;
    }
  while (!*at_end && count < most);
  return TRUE;
}

gboolean
va_store_audit_reaches (VaStore *store, const VaStoredAudit *record, const VaAuditPlace *end, guint64 most,
                        GError **error)
{
  VaAuditPlace place = { .seq = record->seq };
  guint64 count = 0, before;

  va_audit_link (record->before, record->digest, place.link);
  if (memcmp (place.link, record->link, sizeof place.link) != 0)
    return va_store_refuse_broken (record->seq, error);
  while (place.seq < end->seq && count < most)
    {
      before = count;
      if (!take_steps (store, &place, MIN (most - count, end->seq - place.seq), VA_AUDIT_CHAINED, &count, error))
        return FALSE;
      if (count == before)
        break;
    }
  if (place.seq == end->seq && memcmp (place.link, end->link, sizeof place.link) == 0)
    return TRUE;
  if (count < most)
    return va_store_refuse_broken (record->seq, error);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               _("record %" PRIu64 " of the audit log is from before version 6 of the store, and too many records "
                 "follow it to be checked for a receipt: use an export"),
               record->seq);
  return FALSE;
}
