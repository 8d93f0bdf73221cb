/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/backend.h"

/* What an owner may keep. */
G_BEGIN_DECLS

/** How many of one kind an owner may have, and how many bytes together. */
typedef struct {
  guint64 number, bytes;
} VaQuotaOf;

/** What an owner may have. */
typedef struct {
  VaQuotaOf images, secrets;
  VaQuotaOf registrations; /* and proposals */
} VaQuota;
/** VA_QUOTA_NONE: no bounds. */
#define VA_QUOTA_NONE \
  ((VaQuota){ { G_MAXUINT64, G_MAXUINT64 }, { G_MAXUINT64, G_MAXUINT64 }, { G_MAXUINT64, G_MAXUINT64 } })

/** What counts against one of these; for the other files of the store. */
typedef struct {
  const char *query; /* with the owner twice: how many rows, and how many bytes */
  const char *over;  /* message: which quota it is that is exceeded; marked with N_() */
  const char *cure;  /* message: what to do when there are too many; marked with N_() */
} VaStoreQuotaRule;
/**
 * va_store_quota_check: whether @owner, with what has just been added or replaced, has no more than @most. In the
 * transaction that has added it, so that what is too much is undone.
 * Errors: QUOTA
 */
gboolean va_store_quota_check (VaDb *sql, const VaStoreQuotaRule *rule, const VaQuotaOf *most, const char *owner,
                               gboolean is_new, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
