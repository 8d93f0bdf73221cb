/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "db/backend.h"

/*
 * Group commit. To make a transaction durable takes longer than all else that it does, so the first thread that finds
 * nobody writing writes for all that wait, each in a savepoint of its own, and commits once. Those that come meanwhile
 * are the next group. Nobody hears of success before the commit. Where threads share a processor the first one lets the
 * others go on before it begins, for what they are about to ask for costs little more in the same group.
 *
 * What takes long to write, an image, is a group of its own, and takes turns with all else: whoever uploads, nobody
 * waits for more than one of these.
 */

#define GROUP_MAX 64

typedef struct {
  VaDbWork work;
  gpointer data;
  gpointer entry;
  GError *reason;
  gboolean ok, done;
  GCond changed; /* done, or the next to write */
} CommitJob;

void
va_db_commit_queue_init (VaDbCommitQueue *queue)
{
  g_mutex_init (&queue->mutex);
  g_queue_init (&queue->jobs);
  g_queue_init (&queue->large);
}

void
va_db_commit_queue_clear (VaDbCommitQueue *queue)
{
  if (queue->writer != NULL)
    queue->writer->driver->close (queue->writer);
  g_warn_if_fail (g_queue_is_empty (&queue->jobs) && g_queue_is_empty (&queue->large));
  g_mutex_clear (&queue->mutex);
}

static void
drop_writer (VaDbPool *backend)
{
  VaDb *writer = g_steal_pointer (&backend->queue.writer);

  if (writer != NULL)
    va_db_drop (backend, writer);
}

/* Begins, with a new connection where the old one turns out to be lost; unless it took its time to turn out. */
static gboolean
try_to_begin (VaDbPool *backend, gboolean patient, GError **error)
{
  VaDbCommitQueue *queue = &backend->queue;
  g_autoptr(GError) reason = NULL;

  if (queue->writer != NULL && !queue->writer->driver->alive (queue->writer))
    drop_writer (backend);
  if (va_db_is_silent (backend, error))
    return FALSE;
  if (queue->writer != NULL && queue->writer->driver->begin (queue->writer, patient, &reason))
    return TRUE;
  if (queue->writer != NULL && (queue->writer->driver->alive (queue->writer) || queue->writer->silent))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  drop_writer (backend);
  queue->writer = va_db_connect (backend, error);
  return queue->writer != NULL && queue->writer->driver->begin (queue->writer, patient, error);
}

/* When somebody else's lock has kept one waiting in vain, the next ones are not patient for a second: all that wait
   would take their turns in waiting as long. */
static gboolean
begin_group (VaDbPool *backend, GError **error)
{
  VaDbCommitQueue *queue = &backend->queue;
  gint64 begun = g_get_monotonic_time (), now;
  gboolean patient = begun >= queue->locked_until;
  gboolean ok = try_to_begin (backend, patient, error);

  now = g_get_monotonic_time ();
  if (ok)
    queue->locked_until = 0;
  else if (patient && now - begun > VA_DB_SILENT_AFTER)
    queue->locked_until = now + VA_DB_CLOSED_FOR;
  return ok;
}

static gboolean
do_job (VaDb *writer, CommitJob *job)
{
  const VaDbHooks *hooks = writer->backend->hooks;

  return job->work (writer, job->data, &job->reason)
         && (job->entry == NULL || hooks->end_job (writer, job->entry, &job->reason));
}

/* FALSE: the transaction is lost, and with it what was done before in it. */
static gboolean
do_one_of_many (VaDb *writer, CommitJob *job, GError **error)
{
  const VaDbNotes before = writer->notes;

  if (!va_db_send (writer, error, "SAVEPOINT job", ""))
    return FALSE;
  job->ok = do_job (writer, job);
  if (job->ok)
    return va_db_send (writer, error, "RELEASE SAVEPOINT job", "");
  writer->notes = before;
  if (!writer->lost && writer->driver->alive (writer) && writer->driver->in_transaction (writer))
    return writer->driver->execute (writer, "ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job", error);
  g_propagate_error (error, g_error_copy (job->reason));
  return FALSE;
}

static gboolean
do_all (VaDb *writer, GQueue *group, GError **error)
{
  gboolean any = FALSE;

  for (GList *l = group->head; l != NULL; l = l->next)
    {
      CommitJob *job = l->data;

      if (group->length == 1)
        job->ok = do_job (writer, job);
      else if (!do_one_of_many (writer, job, error))
        return FALSE;
      any |= job->ok;
    }
  if (any && !writer->driver->commit (writer, error))
    return FALSE;
  if (any && writer->backend->hooks != NULL)
    writer->backend->hooks->committed (writer);
  return TRUE;
}

static void
roll_back (VaDb *writer)
{
  if (writer->driver->alive (writer) && writer->driver->in_transaction (writer))
    writer->driver->rollback (writer);
}

/* What was not committed was not done. */
static void
fail_all (GQueue *group, const GError *error)
{
  for (GList *l = group->head; l != NULL; l = l->next)
    {
      CommitJob *job = l->data;

      job->ok = FALSE;
      if (job->reason == NULL)
        job->reason = g_error_copy (error);
    }
}

static void
count_group (VaDbPool *backend, GQueue *group, gboolean committed, gint64 begun)
{
  VaDbStatistics *statistics = &backend->statistics;

  g_mutex_lock (&backend->mutex);
  statistics->up = committed;
  statistics->transactions += group->length;
  statistics->commits += committed;
  statistics->failures += !committed;
  statistics->seconds += (gdouble) (g_get_monotonic_time () - begun) / G_USEC_PER_SEC;
  g_mutex_unlock (&backend->mutex);
}

static void
carry_out (VaDbPool *backend, GQueue *group)
{
  g_autoptr(GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();
  gboolean ok = begin_group (backend, &error);
  VaDb *writer = backend->queue.writer;

  if (ok)
    {
      memset (&writer->notes, 0, sizeof writer->notes);
      writer->lost = FALSE;
      ok = do_all (writer, group, &error);
    }
  if (writer != NULL)
    roll_back (writer);
  if (writer != NULL && !writer->driver->alive (writer))
    drop_writer (backend);
  if (!ok)
    fail_all (group, error);
  count_group (backend, group, ok, begun);
}

/* Those whose turn it is. */
static GQueue *
next_jobs (VaDbCommitQueue *queue)
{
  gboolean large = !g_queue_is_empty (&queue->large) && (queue->large_next || g_queue_is_empty (&queue->jobs));

  return large ? &queue->large : &queue->jobs;
}

static void
take_group (VaDbCommitQueue *queue, GQueue *group)
{
  GQueue *jobs = next_jobs (queue);
  guint most = jobs == &queue->large ? 1 : GROUP_MAX;

  while (group->length < most && !g_queue_is_empty (jobs))
    g_queue_push_tail (group, g_queue_pop_head (jobs));
  queue->large_next = jobs != &queue->large;
}

static void
lead_group (VaDbPool *backend, const CommitJob *own)
{
  VaDbCommitQueue *queue = &backend->queue;
  GQueue group = G_QUEUE_INIT;

  queue->busy = TRUE;
  g_mutex_unlock (&queue->mutex);
  g_thread_yield ();
  g_mutex_lock (&queue->mutex);
  take_group (queue, &group);
  g_mutex_unlock (&queue->mutex);
  carry_out (backend, &group);
  g_mutex_lock (&queue->mutex);
  queue->busy = FALSE;
  if (!g_queue_is_empty (next_jobs (queue)))
    g_cond_signal (&((CommitJob *) g_queue_peek_head (next_jobs (queue)))->changed);
  for (GList *l = group.head; l != NULL; l = l->next)
    {
      CommitJob *job = l->data;

      job->done = TRUE;
      if (job != own)
        g_cond_signal (&job->changed);
    }
  g_queue_clear (&group);
}

static gboolean
run_transaction (VaDbBackend *base, gboolean large, VaDbWork work, gpointer data, gpointer entry, GError **error)
{
  VaDbPool *backend = (VaDbPool *) base;
  VaDbCommitQueue *queue = &backend->queue;
  CommitJob job = { .work = work, .data = data, .entry = entry };

  g_cond_init (&job.changed);
  g_mutex_lock (&queue->mutex);
  g_queue_push_tail (large ? &queue->large : &queue->jobs, &job);
  while (!job.done)
    if (queue->busy)
      g_cond_wait (&job.changed, &queue->mutex);
    else
      lead_group (backend, &job);
  g_mutex_unlock (&queue->mutex);
  g_cond_clear (&job.changed);
  if (job.ok)
    return TRUE;
  g_propagate_error (error, job.reason);
  return FALSE;
}

gboolean
va_db_transact (VaDbBackend *backend, VaDbWork work, gpointer data, gpointer entry, GError **error)
{
  return run_transaction (backend, FALSE, work, data, entry, error);
}

gboolean
va_db_transact_large (VaDbBackend *backend, VaDbWork work, gpointer data, gpointer entry, GError **error)
{
  return run_transaction (backend, TRUE, work, data, entry, error);
}
