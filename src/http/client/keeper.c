/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/keeper.h"

/* Calls beyond that many at the same time have connections of their own, as all have that nobody keeps. */
#define KEEPERS_MAX 8

/* Busy is whoever has a call until its caller has taken the outcome, however late that is. Dropping is what a worker
   does by itself while it is idle. */
typedef enum { WORKER_IDLE, WORKER_BUSY, WORKER_DROPPING, WORKER_ENDING } WorkerState;

/* All but the line is under the keeper's lock; the line is its thread's. */
typedef struct {
  VaClientKeeper *keeper;
  GThread *thread;
  GCond changed;
  WorkerState state;
  gboolean connected; /* the line has a connection, or had one a moment ago */
  gint64 last_used;
  VaClientCall *call; /* to be run; %NULL: none, or it has been run */
  gboolean ok;
  GError *error;
  VaClientLine *line;
} Worker;

struct _VaClientKeeper {
  GMutex lock;
  Worker *workers[KEEPERS_MAX];
};

/* Sleeps until there is something to do: a call, the end, or a connection that was idle for long. The caller has the
   lock. */
static void
wait_for_call (Worker *worker)
{
  gint64 end = worker->last_used + VA_CLIENT_IDLE_SECONDS * G_USEC_PER_SEC;

  while (worker->call == NULL && worker->state != WORKER_ENDING)
    if (!worker->connected || worker->state != WORKER_IDLE)
      g_cond_wait (&worker->changed, &worker->keeper->lock);
    else if (!g_cond_wait_until (&worker->changed, &worker->keeper->lock, end))
      return;
}

/* The lock is given back meanwhile. */
static void
serve_call (Worker *worker)
{
  VaClientCall *call = worker->call;
  GError *error = NULL;
  gboolean ok;

  g_mutex_unlock (&worker->keeper->lock);
  call->line = worker->line;
  ok = va_client_call_run (call, &error);
  call->line = NULL;
  g_mutex_lock (&worker->keeper->lock);
  worker->ok = ok;
  worker->error = error;
  worker->call = NULL;
  worker->last_used = g_get_monotonic_time ();
  worker->connected = worker->line->socket != NULL;
  g_cond_broadcast (&worker->changed);
}

/* The lock is given back meanwhile; nobody takes a worker that is not idle. */
static void
drop_idle_connection (Worker *worker)
{
  worker->state = WORKER_DROPPING;
  worker->connected = FALSE;
  g_mutex_unlock (&worker->keeper->lock);
  va_client_line_cut (worker->line);
  g_mutex_lock (&worker->keeper->lock);
  if (worker->state == WORKER_DROPPING)
    worker->state = WORKER_IDLE;
}

static gpointer
run_worker (gpointer data)
{
  Worker *worker = data;
  GMutex *lock = &worker->keeper->lock;

  worker->line = va_client_line_new ();
  g_main_context_push_thread_default (worker->line->context);
  g_mutex_lock (lock);
  for (wait_for_call (worker); worker->state != WORKER_ENDING; wait_for_call (worker))
    if (worker->call != NULL)
      serve_call (worker);
    else
      drop_idle_connection (worker);
  g_mutex_unlock (lock);
  va_client_line_cut (worker->line);
  g_main_context_pop_thread_default (worker->line->context);
  va_client_line_free (worker->line);
  return NULL;
}

VaClientKeeper *
va_client_keeper_new (void)
{
  VaClientKeeper *keeper = g_new0 (VaClientKeeper, 1);

  g_mutex_init (&keeper->lock);
  return keeper;
}

static void
worker_free (Worker *worker)
{
  g_cond_clear (&worker->changed);
  g_free (worker);
}

/* A new worker; %NULL if the system has no thread for it. */
static Worker *
hire_worker (VaClientKeeper *keeper)
{
  Worker *worker = g_new0 (Worker, 1);

  worker->keeper = keeper;
  g_cond_init (&worker->changed);
  worker->thread = g_thread_try_new ("client-keeper", run_worker, worker, NULL);
  if (worker->thread != NULL)
    return worker;
  worker_free (worker);
  return NULL;
}

/* The idle worker that was used last, so that as few connections as possible are kept. The caller has the lock. */
static Worker *
choose_worker (VaClientKeeper *keeper)
{
  Worker *best = NULL;

  for (guint i = 0; i < KEEPERS_MAX; i++)
    {
      Worker *worker = keeper->workers[i];

      if (worker == NULL && best == NULL)
        return keeper->workers[i] = hire_worker (keeper);
      if (worker != NULL && worker->state == WORKER_IDLE && (best == NULL || worker->last_used > best->last_used))
        best = worker;
    }
  return best;
}

gboolean
va_client_keeper_run (VaClientKeeper *keeper, VaClientCall *call, gboolean *ok, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&keeper->lock);
  Worker *worker = choose_worker (keeper);

  if (worker == NULL)
    return FALSE;
  worker->state = WORKER_BUSY;
  worker->call = call;
  g_cond_broadcast (&worker->changed);
  /* The call has a deadline of its own that holds. */
  while (worker->call != NULL)
    g_cond_wait (&worker->changed, &keeper->lock);
  *ok = worker->ok;
  if (worker->error != NULL)
    g_propagate_error (error, g_steal_pointer (&worker->error));
  worker->state = WORKER_IDLE;
  /* Its idle time begins to count. */
  g_cond_broadcast (&worker->changed);
  return TRUE;
}

void
va_client_keeper_free (VaClientKeeper *keeper)
{
  for (guint i = 0; i < KEEPERS_MAX && keeper->workers[i] != NULL; i++)
    {
      Worker *worker = keeper->workers[i];

      g_mutex_lock (&keeper->lock);
      worker->state = WORKER_ENDING;
      g_cond_broadcast (&worker->changed);
      g_mutex_unlock (&keeper->lock);
      g_thread_join (worker->thread);
      worker_free (worker);
    }
  g_mutex_clear (&keeper->lock);
  g_free (keeper);
}
