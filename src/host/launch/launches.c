/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/launches.h"

#include "core/i18n.h"

struct _VaLaunches {
  char *state_dir;
  GMutex lock;        /* of the two tables only; never held while a launch's own lock is taken */
  GHashTable *all;    /* launch-id → VaLaunch */
  GHashTable *latest; /* domain's UUID → VaLaunch, borrowed from the first */
};

VaLaunches *
va_launches_new (const char *state_dir)
{
  VaLaunches *launches = g_new0 (VaLaunches, 1);

  g_mutex_init (&launches->lock);
  launches->state_dir = g_strdup (state_dir);
  launches->all = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) va_launch_unref);
  launches->latest = g_hash_table_new (g_str_hash, g_str_equal);
  return launches;
}

void
va_launches_free (VaLaunches *launches)
{
  g_autoptr(GPtrArray) list = va_launches_list (launches);

  for (guint i = 0; i < list->len; i++)
    va_launch_abandon (g_ptr_array_index (list, i));
  g_hash_table_unref (launches->latest);
  g_hash_table_unref (launches->all);
  g_mutex_clear (&launches->lock);
  g_free (launches->state_dir);
  g_free (launches);
}

/* Puts @launch in; the one before, if any, goes to @before with a reference. */
static gboolean
put_launch (VaLaunches *launches, VaLaunch *launch, VaLaunch **before)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launches->lock);
  VaLaunch *old = g_hash_table_lookup (launches->latest, va_launch_domain (launch));

  if (g_hash_table_contains (launches->all, va_launch_id (launch)))
    return FALSE;
  g_hash_table_insert (launches->all, (gpointer) va_launch_id (launch), va_launch_ref (launch));
  if (old != NULL && va_launch_asked (old) > va_launch_asked (launch))
    return FALSE;
  *before = old != NULL ? va_launch_ref (old) : NULL;
  g_hash_table_replace (launches->latest, (gpointer) va_launch_domain (launch), launch);
  return TRUE;
}

gboolean
va_launches_add (VaLaunches *launches, VaLaunch *launch)
{
  g_autoptr(VaLaunch) before = NULL;

  if (!put_launch (launches, launch, &before))
    return FALSE;
  if (before != NULL)
    va_launch_finish (before, _("the domain was started again"));
  return TRUE;
}

VaLaunch *
va_launches_latest (VaLaunches *launches, const char *domain_uuid)
{
  g_autoptr(VaLaunch) launch = NULL;

  g_mutex_lock (&launches->lock);
  launch = g_hash_table_lookup (launches->latest, domain_uuid);
  if (launch != NULL)
    va_launch_ref (launch);
  g_mutex_unlock (&launches->lock);
  return launch != NULL && !va_launch_is_gone (launch) ? g_steal_pointer (&launch) : NULL;
}

GPtrArray *
va_launches_list (VaLaunches *launches)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) va_launch_unref);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launches->lock);
  GHashTableIter iter;
  gpointer launch;

  g_hash_table_iter_init (&iter, launches->all);
  while (g_hash_table_iter_next (&iter, NULL, &launch))
    g_ptr_array_add (list, va_launch_ref (launch));
  return list;
}

void
va_launches_forget (VaLaunches *launches, VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launches->lock);

  if (g_hash_table_lookup (launches->latest, va_launch_domain (launch)) == launch)
    g_hash_table_remove (launches->latest, va_launch_domain (launch));
  va_launch_record_remove (va_launch_id (launch), launches->state_dir);
  g_hash_table_remove (launches->all, va_launch_id (launch));
}
