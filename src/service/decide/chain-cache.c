/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/chain-cache.h"

#include "service/decide/cache.h"

struct _VaChainCache {
  VaCache *chains; /* -> the generation's name, interned */
  VaCache *parts;  /* -> a name as well, of the first platform that each was of; of SEV: OCAs */
};

static gpointer
copy_name (gconstpointer name)
{
  return (gpointer) name;
}

VaChainCache *
va_chain_cache_new (guint max)
{
  VaChainCache *cache = g_new0 (VaChainCache, 1);

  cache->chains = va_cache_new (max, copy_name, NULL);
  cache->parts = va_cache_new (max, copy_name, NULL);
  return cache;
}

void
va_chain_cache_free (VaChainCache *cache)
{
  if (cache == NULL)
    return;
  va_cache_free (cache->chains);
  va_cache_free (cache->parts);
  g_free (cache);
}

gboolean
va_chain_cache_verify (VaChainCache *cache, VaTeePlatform *platform, const VaTeeRoots *roots, gboolean *known,
                       GError **error)
{
  const VaTee *tee = platform->tee;
  guint8 all[VA_SHA256_SIZE], part[VA_SHA256_SIZE];

  tee->hash_platform (platform, all, NULL);
  platform->generation = va_cache_get (cache->chains, all);
  *known = platform->generation != NULL;
  if (*known)
    return TRUE;
  tee->hash_platform (platform, NULL, part);
  if (!tee->verify_platform (platform, roots, va_cache_get (cache->parts, part) != NULL, error))
    return FALSE;
  platform->generation = g_intern_string (platform->generation);
  va_cache_put (cache->parts, part, platform->generation);
  va_cache_put (cache->chains, all, platform->generation);
  return TRUE;
}
