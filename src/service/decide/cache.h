/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/digest.h"

G_BEGIN_DECLS

/**
 * VaRecent: what was found out before, by a SHA-256 of all that it was found out from, up to a number of entries; then the
 * oldest are forgotten. Used from several threads.
 */
typedef struct _VaRecent VaRecent;

/** VaRecentCopy: a copy of @value, or @value itself when it lives for ever. */
typedef gpointer (*VaRecentCopy) (gconstpointer value);

/**
 * va_recent_new:
 * @max: entries, at least 1
 * @release: (nullable): frees a copy; %NULL: values live for ever
 */
VaRecent *va_recent_new (guint max, VaRecentCopy copy, GDestroyNotify release);
void va_recent_free (VaRecent *recent);
/** va_recent_get: Returns: (transfer full) (nullable): a copy of what was kept under @key; %NULL: nothing */
gpointer va_recent_get (VaRecent *recent, const guint8 key[VA_SHA256_SIZE]);
/** va_recent_put: keeps a copy of @value, unless something is kept under @key already. */
void va_recent_put (VaRecent *recent, const guint8 key[VA_SHA256_SIZE], gconstpointer value);
/** va_recent_forget: what is kept under @key, if there is anything. */
void va_recent_forget (VaRecent *recent, const guint8 key[VA_SHA256_SIZE]);

G_END_DECLS
