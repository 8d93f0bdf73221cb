/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/backend.h"

void
va_db_statistics (VaDbBackend *base, VaDbStatistics *out)
{
  VaDbPool *backend = (VaDbPool *) base;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&backend->mutex);

  *out = backend->statistics;
}

void
va_db_backend_free (VaDbBackend *base)
{
  VaDbPool *backend = (VaDbPool *) base;

  va_db_commit_queue_clear (&backend->queue);
  for (guint i = 0; i < backend->idle->len; i++)
    {
      VaDb *sql = backend->idle->pdata[i];

      sql->driver->close (sql);
    }
  g_ptr_array_unref (backend->idle);
  backend->free_place (backend->place);
  if (backend->base.free_owner != NULL)
    backend->base.free_owner (backend->base.owner);
  g_free (backend->closed_why);
  g_cond_clear (&backend->returned);
  g_mutex_clear (&backend->mutex);
  g_free (backend);
}

VaDbBackend *
va_db_backend_new (VaDbConnect connect, gpointer place, GDestroyNotify free_place, guint readers)
{
  VaDbPool *backend = g_new0 (VaDbPool, 1);

  backend->connect = connect;
  backend->place = place;
  backend->free_place = free_place;
  backend->readers_max = readers;
  backend->idle = g_ptr_array_new ();
  g_mutex_init (&backend->mutex);
  g_cond_init (&backend->returned);
  va_db_commit_queue_init (&backend->queue);
  return &backend->base;
}
