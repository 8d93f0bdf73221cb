/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/rate-limit.h"

#define MINUTE (60 * G_USEC_PER_SEC)
#define PEERS_MAX 4096 /* then those that have been quiet for a minute are forgotten, which changes nothing for them */

struct _VaRateLimit {
  GMutex mutex;
  gint64 each;       /* microseconds that one costs */
  GHashTable *peers; /* "role:name" -> gint64 *: when the peer's last one is paid for */
};

VaRateLimit *
va_rate_limit_new (guint burst)
{
  VaRateLimit *limit = g_new0 (VaRateLimit, 1);

  g_mutex_init (&limit->mutex);
  limit->each = MINUTE / MAX (burst, 1);
  limit->peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return limit;
}

void
va_rate_limit_free (VaRateLimit *limit)
{
  if (limit == NULL)
    return;
  g_hash_table_unref (limit->peers);
  g_mutex_clear (&limit->mutex);
  g_free (limit);
}

static gboolean
is_quiet (gpointer key, gpointer paid, gpointer now)
{
  (void) key;
  return *(gint64 *) paid <= *(gint64 *) now;
}

gboolean
va_rate_limit_take_name (VaRateLimit *limit, const char *name, gint64 now)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&limit->mutex);
  gint64 *paid = g_hash_table_lookup (limit->peers, name);

  if (paid == NULL)
    {
      if (g_hash_table_size (limit->peers) >= PEERS_MAX)
        g_hash_table_foreach_remove (limit->peers, is_quiet, &now);
      paid = g_new0 (gint64, 1);
      g_hash_table_insert (limit->peers, g_strdup (name), paid);
    }
  if (MAX (*paid, now) + limit->each > now + MINUTE)
    return FALSE;
  *paid = MAX (*paid, now) + limit->each;
  return TRUE;
}

gboolean
va_rate_limit_take (VaRateLimit *limit, const VaIdentity *peer, gint64 now)
{
  g_autofree char *name = g_strdup_printf ("%s:%s", va_role_name (peer->role), peer->name);

  return va_rate_limit_take_name (limit, name, now);
}

gboolean
va_rate_limit_is_used_up (VaRateLimit *limit, const VaIdentity *peer, gint64 now)
{
  g_autofree char *key = g_strdup_printf ("%s:%s", va_role_name (peer->role), peer->name);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&limit->mutex);
  const gint64 *paid = g_hash_table_lookup (limit->peers, key);

  return paid != NULL && MAX (*paid, now) + limit->each > now + MINUTE;
}
