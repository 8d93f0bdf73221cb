/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/work.h"

struct _VaWork {
  GThreadPool *pool;
  GMutex lock;
  GCond changed;
  guint left; /* under the lock: pieces that are not done */
  gboolean stop;
};

typedef struct {
  VaWorkFunc func;
  gpointer data;
  GDestroyNotify free_data;
} Piece;

static void
piece_free (Piece *piece)
{
  if (piece->free_data != NULL)
    piece->free_data (piece->data);
  g_free (piece);
}

static void
run_work (gpointer data, gpointer user_data)
{
  Piece *piece = data;
  VaWork *work = user_data;

  piece->func (piece->data);
  piece_free (piece);
  g_mutex_lock (&work->lock);
  work->left--;
  g_cond_broadcast (&work->changed);
  g_mutex_unlock (&work->lock);
}

/* One piece more, unless the end has begun. */
static gboolean
count_work (VaWork *work)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&work->lock);

  if (!work->stop)
    work->left++;
  return !work->stop;
}

VaWork *
va_work_new (guint threads)
{
  VaWork *work = g_new0 (VaWork, 1);

  g_mutex_init (&work->lock);
  g_cond_init (&work->changed);
  work->pool = g_thread_pool_new (run_work, work, (int) threads, FALSE, NULL);
  return work;
}

void
va_work_push (VaWork *work, VaWorkFunc func, gpointer data, GDestroyNotify free_data)
{
  Piece *piece = g_new0 (Piece, 1);

  *piece = (Piece){ func, data, free_data };
  if (count_work (work))
    g_thread_pool_push (work->pool, piece, NULL);
  else
    piece_free (piece);
}

guint
va_work_waiting (VaWork *work)
{
  return g_thread_pool_unprocessed (work->pool);
}

gboolean
va_work_stop (VaWork *work, gint64 end)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&work->lock);

  work->stop = TRUE;
  while (work->left > 0 && g_cond_wait_until (&work->changed, &work->lock, end))
    ;
  return work->left == 0;
}

void
va_work_free (VaWork *work)
{
  g_thread_pool_free (work->pool, FALSE, TRUE);
  g_mutex_clear (&work->lock);
  g_cond_clear (&work->changed);
  g_free (work);
}
