/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sha256.h"

G_BEGIN_DECLS

/**
 * VaCache: what was found out before, by a SHA-256 of all that it was found out from, up to a number of entries; then
 * the oldest are forgotten. Used from several threads.
 */
typedef struct _VaRecent VaCache;

/** VaCacheCopy: a copy of @value, or @value itself when it lives for ever. */
typedef gpointer (*VaCacheCopy) (gconstpointer value);

/**
 * va_cache_new:
 * @max: entries, at least 1
 * @release: (nullable): frees a copy; %NULL: values live for ever
 */
VaCache *va_cache_new (guint max, VaCacheCopy copy, GDestroyNotify release);
void va_cache_free (VaCache *cache);
/** va_cache_get: Returns: (transfer full) (nullable): a copy of what was kept under @key; %NULL: nothing */
gpointer va_cache_get (VaCache *cache, const guint8 key[VA_SHA256_SIZE]);
/** va_cache_put: keeps a copy of @value, unless something is kept under @key already. */
void va_cache_put (VaCache *cache, const guint8 key[VA_SHA256_SIZE], gconstpointer value);
/** va_cache_forget: what is kept under @key, if there is anything. */
void va_cache_forget (VaCache *cache, const guint8 key[VA_SHA256_SIZE]);

G_END_DECLS
