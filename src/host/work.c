/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/work.h"

struct _VaWork
{
  GThreadPool *pool;
};

typedef struct {
  VaWorkFunc func;
  gpointer data;
  GDestroyNotify free_data;
} Piece;

static void
run (gpointer data, gpointer user_data)
{
  Piece *piece = data;

  piece->func (piece->data);
  if (piece->free_data != NULL)
    piece->free_data (piece->data);
  g_free (piece);
}

VaWork *
va_work_new (guint threads)
{
  VaWork *work = g_new0 (VaWork, 1);

  work->pool = g_thread_pool_new (run, NULL, (int) threads, FALSE, NULL);
  return work;
}

void
va_work_push (VaWork *work, VaWorkFunc func, gpointer data, GDestroyNotify free_data)
{
  Piece *piece = g_new0 (Piece, 1);

  *piece = (Piece){ func, data, free_data };
  g_thread_pool_push (work->pool, piece, NULL);
}

guint
va_work_waiting (VaWork *work)
{
  return g_thread_pool_unprocessed (work->pool);
}

void
va_work_free (VaWork *work)
{
  g_thread_pool_free (work->pool, FALSE, TRUE);
  g_free (work);
}
