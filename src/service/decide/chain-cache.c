/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/chain-cache.h"

#include <string.h>
#include "service/decide/cache.h"

struct _VaChainCache {
  VaCache *chains; /* -> the generation's name, interned */
  VaCache *ocas;   /* -> a name as well, of the first chain that each was in */
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
  cache->ocas = va_cache_new (max, copy_name, NULL);
  return cache;
}

void
va_chain_cache_free (VaChainCache *cache)
{
  if (cache == NULL)
    return;
  va_cache_free (cache->chains);
  va_cache_free (cache->ocas);
  g_free (cache);
}

/* Of every byte of each certificate, signatures included. */
static void
hash_chain (const VaSevChain *chain, guint8 out[VA_SHA256_SIZE])
{
  g_autofree guint8 *all = g_malloc (4 * VA_SEV_CERT_SIZE);

  memcpy (all, chain->pdh.raw, VA_SEV_CERT_SIZE);
  memcpy (all + VA_SEV_CERT_SIZE, chain->pek.raw, VA_SEV_CERT_SIZE);
  memcpy (all + 2 * VA_SEV_CERT_SIZE, chain->oca.raw, VA_SEV_CERT_SIZE);
  memcpy (all + 3 * VA_SEV_CERT_SIZE, chain->cek.raw, VA_SEV_CERT_SIZE);
  va_sha256 (all, 4 * VA_SEV_CERT_SIZE, out);
}

gboolean
va_chain_cache_verify (VaChainCache *cache, const VaSevChain *chain, const VaSevRoots *roots, const char **generation,
                       gboolean *known, GError **error)
{
  guint8 all[VA_SHA256_SIZE], oca[VA_SHA256_SIZE];

  hash_chain (chain, all);
  *generation = va_cache_get (cache->chains, all);
  *known = *generation != NULL;
  if (*known)
    return TRUE;
  va_sha256 (chain->oca.raw, VA_SEV_CERT_SIZE, oca);
  if (!(va_cache_get (cache->ocas, oca) != NULL ? va_sev_chain_verify_but_oca (chain, roots, generation, error)
                                                : va_sev_chain_verify (chain, roots, generation, error)))
    return FALSE;
  *generation = g_intern_string (*generation);
  va_cache_put (cache->ocas, oca, *generation);
  va_cache_put (cache->chains, all, *generation);
  return TRUE;
}
