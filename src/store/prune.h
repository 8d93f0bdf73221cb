/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "audit/mac.h"
#include "store/backend.h"

/* The removal of what is old. */
G_BEGIN_DECLS

/** A removal of what is old. */
typedef struct {
  gint64 before, now; /* milliseconds since 1970 UTC: what is older goes; when that is done */
  /* set by va_store_prune_plan(): */
  guint64 launches, records;       /* how many go */
  guint64 seq;                     /* of the last record that goes; 0: none does */
  guint8 link[VA_AUDIT_LINK_SIZE]; /* of that record */
  char *text;                      /* (transfer full): JSON, the signed checkpoint at seq; or %NULL */
} VaPrune;

/**
 * va_store_prune_plan: what a pruning would remove: launches made before prune->before that have ended, and records of
 * the audit log up to the last checkpoint that was made before that.
 */
gboolean va_store_prune_plan (VaStore *store, VaPrune *prune, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_prune_begin: the log begins behind prune->seq from now on. Errors: AUDIT: that place is not what is signed
 */
gboolean va_store_prune_begin (VaStore *store, VaPrune *prune, VaAuditEntry *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_prune_step: removes at most @limit rows, in one transaction. @count: (out): how many; 0: it is done */
gboolean va_store_prune_step (VaStore *store, VaPrune *prune, guint limit, guint *count, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
