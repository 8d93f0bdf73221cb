/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/chain-cache.h"

#include <string.h>
#include "sev/digest.h"

typedef struct {
  guint8 hash[VA_SHA256_SIZE];
  const char *generation; /* interned */
} Entry;

struct _VaChainCache
{
  GMutex mutex;
  guint max;
  GHashTable *entries; /* set of Entry */
  GQueue order;        /* the same ones, oldest first */
};

static guint
entry_hash (gconstpointer key)
{
  guint hash;

  memcpy (&hash, ((const Entry *) key)->hash, sizeof hash);
  return hash;
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (((const Entry *) a)->hash, ((const Entry *) b)->hash, VA_SHA256_SIZE) == 0;
}

VaChainCache *
va_chain_cache_new (guint max)
{
  VaChainCache *cache = g_new0 (VaChainCache, 1);

  g_mutex_init (&cache->mutex);
  cache->max = max;
  cache->entries = g_hash_table_new_full (entry_hash, entry_equal, g_free, NULL);
  g_queue_init (&cache->order);
  return cache;
}

void
va_chain_cache_free (VaChainCache *cache)
{
  if (cache == NULL)
    return;
  g_queue_clear (&cache->order);
  g_hash_table_unref (cache->entries);
  g_mutex_clear (&cache->mutex);
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

static const char *
look_up (VaChainCache *cache, const Entry *entry)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);
  const Entry *found = g_hash_table_lookup (cache->entries, entry);

  return found != NULL ? found->generation : NULL;
}

static void
remember (VaChainCache *cache, const Entry *entry)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);
  Entry *kept;

  if (g_hash_table_contains (cache->entries, entry))
    return;
  while (cache->order.length >= cache->max)
    g_hash_table_remove (cache->entries, g_queue_pop_head (&cache->order));
  kept = g_memdup2 (entry, sizeof *entry);
  g_queue_push_tail (&cache->order, kept);
  g_hash_table_add (cache->entries, kept);
}

gboolean
va_chain_cache_verify (VaChainCache *cache, const VaSevChain *chain, const VaSevRoots *roots, const char **generation,
                       gboolean *known, GError **error)
{
  Entry entry;

  hash_chain (chain, entry.hash);
  *generation = look_up (cache, &entry);
  *known = *generation != NULL;
  if (*known)
    return TRUE;
  if (!va_sev_chain_verify (chain, roots, generation, error))
    return FALSE;
  *generation = entry.generation = g_intern_string (*generation);
  remember (cache, &entry);
  return TRUE;
}
