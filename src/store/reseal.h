/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/sql.h"

/* Sealed values that go from one data key to another. */
G_BEGIN_DECLS

enum { VA_RESEAL_SECRET, VA_RESEAL_REGISTRATION, VA_RESEAL_PROPOSAL, VA_RESEAL_LAUNCH, VA_RESEAL_KINDS };

/**
 * What makes sealed values new, for each kind of record: sets its key and sealed members; FALSE with @error undoes all.
 */
typedef struct {
  gboolean (*each[VA_RESEAL_KINDS]) (gpointer record, gpointer user_data, GError **error);
  gpointer user_data;
} VaReseal;

/**
 * va_store_reseal: one transaction over at most @limit values that are sealed under another key than @key: see
 * VaReseal.
 */
gboolean va_store_reseal (VaDbBackend *backend, guint64 key, guint limit, const VaReseal *how, guint *count,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
