/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/cache.h"

#include <string.h>

typedef struct {
  guint8 key[VA_SHA256_SIZE];
  gpointer value;
} Entry;

struct _VaRecent {
  GMutex mutex;
  guint max;
  VaCacheCopy copy;
  GDestroyNotify release;
  GHashTable *entries; /* Entry -> itself */
  GQueue order;        /* the same ones, oldest first */
};

static guint
entry_hash (gconstpointer key)
{
  guint hash;

  memcpy (&hash, ((const Entry *) key)->key, sizeof hash);
  return hash;
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (((const Entry *) a)->key, ((const Entry *) b)->key, VA_SHA256_SIZE) == 0;
}

VaCache *
va_cache_new (guint max, VaCacheCopy copy, GDestroyNotify release)
{
  VaCache *cache = g_new0 (VaCache, 1);

  g_mutex_init (&cache->mutex);
  cache->max = max;
  cache->copy = copy;
  cache->release = release;
  cache->entries = g_hash_table_new (entry_hash, entry_equal);
  g_queue_init (&cache->order);
  return cache;
}

/* @entry: no longer in the order */
static void
drop_entry (VaCache *cache, Entry *entry)
{
  g_hash_table_remove (cache->entries, entry);
  if (cache->release != NULL)
    cache->release (entry->value);
  g_free (entry);
}

void
va_cache_free (VaCache *cache)
{
  if (cache == NULL)
    return;
  while (cache->order.length > 0)
    drop_entry (cache, g_queue_pop_head (&cache->order));
  g_hash_table_unref (cache->entries);
  g_mutex_clear (&cache->mutex);
  g_free (cache);
}

static Entry *
look_up (VaCache *cache, const guint8 key[VA_SHA256_SIZE])
{
  Entry wanted;

  memcpy (wanted.key, key, VA_SHA256_SIZE);
  return g_hash_table_lookup (cache->entries, &wanted);
}

gpointer
va_cache_get (VaCache *cache, const guint8 key[VA_SHA256_SIZE])
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);
  const Entry *found = look_up (cache, key);

  return found != NULL ? cache->copy (found->value) : NULL;
}

void
va_cache_put (VaCache *cache, const guint8 key[VA_SHA256_SIZE], gconstpointer value)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);
  Entry *entry;

  if (look_up (cache, key) != NULL)
    return;
  while (cache->order.length >= cache->max)
    drop_entry (cache, g_queue_pop_head (&cache->order));
  entry = g_new0 (Entry, 1);
  memcpy (entry->key, key, VA_SHA256_SIZE);
  entry->value = cache->copy (value);
  g_queue_push_tail (&cache->order, entry);
  g_hash_table_add (cache->entries, entry);
}

void
va_cache_forget (VaCache *cache, const guint8 key[VA_SHA256_SIZE])
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);
  Entry *entry = look_up (cache, key);

  if (entry == NULL)
    return;
  g_queue_remove (&cache->order, entry);
  drop_entry (cache, entry);
}
