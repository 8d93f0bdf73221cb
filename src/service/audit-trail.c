/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/audit-trail.h"

#include <inttypes.h>
#include <string.h>
#include "core/i18n.h"
#include "service/refusal.h"

#define OWN_LOOKED_AT 256   /* checkpoints; other services on this store have theirs among them */
#define REACHED_MOST 100000 /* records that one receipt of the time before schema version 6 may cost */

struct _VaAuditTrail {
  VaStore *store;
  VaSigner *signer;
  GMutex mutex; /* of what follows */
  gboolean begun, broken;
  VaAuditPlace place;
  guint64 signed_seq;
};

VaAuditTrail *
va_audit_trail_new (VaStore *store, VaSigner *signer)
{
  VaAuditTrail *trail = g_new0 (VaAuditTrail, 1);

  trail->store = store;
  trail->signer = signer;
  g_mutex_init (&trail->mutex);
  return trail;
}

void
va_audit_trail_free (VaAuditTrail *trail)
{
  if (trail == NULL)
    return;
  g_mutex_clear (&trail->mutex);
  g_free (trail);
}

/* A text that is no checkpoint is not ours. */
static VaCheckpoint *
read_own (VaAuditTrail *trail, const char *text)
{
  g_autoptr(JsonObject) object = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;
  g_autoptr(VaCheckpoint) checkpoint = object != NULL ? va_checkpoint_read (object, NULL) : NULL;

  return checkpoint != NULL && va_signer_made (trail->signer, checkpoint) ? g_steal_pointer (&checkpoint) : NULL;
}

static VaCheckpoint *
find_own (VaAuditTrail *trail, const GPtrArray *texts)
{
  VaCheckpoint *own = NULL;

  for (guint i = 0; own == NULL && i < texts->len; i++)
    own = read_own (trail, texts->pdata[i]);
  return own;
}

/* The first time. Whether the checkpoint is in the chain turns out when the chain is followed from there. */
static gboolean
begin_trail (VaAuditTrail *trail, GError **error)
{
  g_autoptr(GPtrArray) texts = NULL;
  g_autoptr(VaCheckpoint) own = NULL;

  if (!va_store_audit_anchor (trail->store, &trail->place, error))
    return FALSE;
  texts = va_store_newest_checkpoints (trail->store, OWN_LOOKED_AT, error);
  if (texts == NULL)
    return FALSE;
  own = find_own (trail, texts);
  if (own != NULL && own->seq > trail->place.seq)
    {
      trail->place.seq = own->seq;
      memcpy (trail->place.link, own->link, sizeof trail->place.link);
    }
  trail->signed_seq = own != NULL ? own->seq : 0;
  trail->begun = TRUE;
  return TRUE;
}

/* A pruning may have removed records behind which the trail has not come yet; its anchor has the store's MAC. */
static gboolean
skip_pruned (VaAuditTrail *trail, GError **error)
{
  VaAuditPlace begin_place;

  if (!va_store_audit_begin (trail->store, &begin_place, NULL, error))
    return FALSE;
  if (begin_place.seq > trail->place.seq)
    trail->place = begin_place;
  return TRUE;
}

gboolean
va_audit_trail_follow (VaAuditTrail *trail, guint64 most, VaAuditPlace *end, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&trail->mutex);
  g_autoptr(GError) reason = NULL;
  gboolean at_end = FALSE;
  gboolean ok = (trail->begun || begin_trail (trail, &reason)) && skip_pruned (trail, &reason)
                && va_store_audit_follow (trail->store, &trail->place, most > 0 ? most : G_MAXUINT64, &at_end, &reason);

  if (ok || g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT))
    trail->broken = !ok;
  *end = trail->place;
  if (ok && !at_end)
    return va_refuse (error, VA_PROBLEM_BUSY, _("the service is still checking its audit log; try again in a minute"));
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&reason));
  return ok;
}

void
va_audit_trail_signed (VaAuditTrail *trail, guint64 seq)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&trail->mutex);

  trail->signed_seq = MAX (trail->signed_seq, seq);
}

gboolean
va_audit_trail_is_new (VaAuditTrail *trail, guint64 seq)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&trail->mutex);

  return seq > trail->signed_seq;
}

gboolean
va_audit_trail_is_broken (VaAuditTrail *trail)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&trail->mutex);

  return trail->broken;
}

/* The nearest place behind @record that is known to be good: the anchor. */
gboolean
va_audit_trail_check (VaAuditTrail *trail, const VaStoredAudit *record, GError **error)
{
  VaAuditPlace anchor;

  if (record->trust == VA_AUDIT_HELD)
    return TRUE;
  if (record->trust == VA_AUDIT_CHAINED)
    return va_store_audit_anchor (trail->store, &anchor, error)
           && va_store_audit_reaches (trail->store, record, &anchor, REACHED_MOST, error);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log's record %" PRIu64 " was changed in the database"), record->seq);
  return FALSE;
}
