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
  VaCache *recent = g_new0 (VaCache, 1);

  g_mutex_init (&recent->mutex);
  recent->max = max;
  recent->copy = copy;
  recent->release = release;
  recent->entries = g_hash_table_new (entry_hash, entry_equal);
  g_queue_init (&recent->order);
  return recent;
}

/* @entry: no longer in the order */
static void
drop_entry (VaCache *recent, Entry *entry)
{
  g_hash_table_remove (recent->entries, entry);
  if (recent->release != NULL)
    recent->release (entry->value);
  g_free (entry);
}

void
va_cache_free (VaCache *recent)
{
  if (recent == NULL)
    return;
  while (recent->order.length > 0)
    drop_entry (recent, g_queue_pop_head (&recent->order));
  g_hash_table_unref (recent->entries);
  g_mutex_clear (&recent->mutex);
  g_free (recent);
}

static Entry *
look_up (VaCache *recent, const guint8 key[VA_SHA256_SIZE])
{
  Entry wanted;

  memcpy (wanted.key, key, VA_SHA256_SIZE);
  return g_hash_table_lookup (recent->entries, &wanted);
}

gpointer
va_cache_get (VaCache *recent, const guint8 key[VA_SHA256_SIZE])
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&recent->mutex);
  const Entry *found = look_up (recent, key);

  return found != NULL ? recent->copy (found->value) : NULL;
}

void
va_cache_put (VaCache *recent, const guint8 key[VA_SHA256_SIZE], gconstpointer value)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&recent->mutex);
  Entry *entry;

  if (look_up (recent, key) != NULL)
    return;
  while (recent->order.length >= recent->max)
    drop_entry (recent, g_queue_pop_head (&recent->order));
  entry = g_new0 (Entry, 1);
  memcpy (entry->key, key, VA_SHA256_SIZE);
  entry->value = recent->copy (value);
  g_queue_push_tail (&recent->order, entry);
  g_hash_table_add (recent->entries, entry);
}

void
va_cache_forget (VaCache *recent, const guint8 key[VA_SHA256_SIZE])
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&recent->mutex);
  Entry *entry = look_up (recent, key);

  if (entry == NULL)
    return;
  g_queue_remove (&recent->order, entry);
  drop_entry (recent, entry);
}
