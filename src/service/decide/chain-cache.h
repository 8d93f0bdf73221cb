/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/tee.h"

G_BEGIN_DECLS

/**
 * VaChainCache: which platforms' certificates have been verified since the service started, by the hash of all of them,
 * so that the next launch on the same platform does not verify them again; and which OCAs have, so that of the
 * platforms that one owner has taken over the first alone pays for it. It has nothing that is a verdict about anybody:
 * certificates of clients, hosts, chips and permits are looked at for each launch all the same.
 */
typedef struct _VaChainCache VaChainCache;

/** va_chain_cache_new: @max: how many are remembered; then the oldest are forgotten. */
VaChainCache *va_chain_cache_new (guint max);
void va_chain_cache_free (VaChainCache *cache);
/**
 * va_chain_cache_verify: VaTee.verify_platform of @platform, or what it said before of exactly these certificates under
 * these @roots, which must be the same with each call. Only success is remembered.
 * @known: (out): whether it was remembered
 */
gboolean va_chain_cache_verify (VaChainCache *cache, VaTeePlatform *platform, const VaTeeRoots *roots, gboolean *known,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
