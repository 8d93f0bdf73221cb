/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/outcomes.h"

#include "core/i18n.h"
#include "host/service-client.h"

#define CALL_SECONDS 10
#define PAUSE_MIN_SECONDS 1
#define PAUSE_MAX_SECONDS 60

struct _VaOutcomes {
  VaLaunches *launches;
  VaClient *client;
  GThread *thread;
  GMutex lock;
  GCond changed;
  gboolean wake, stop, ended;
};

/* Whether saying the same again can never help: the service does not know the launch, or does not want to hear it. */
static gboolean
is_final (const GError *error)
{
  guint status = error->domain == VA_PROBLEM_ERROR ? va_problem_status ((VaProblemCode) error->code) : 0;

  return status == 400 || status == 404 || status == 405 || status == 409 || status == 413;
}

typedef enum { HEARD, LATER, AWAY } Reception;

/* LATER: the service answered, but could not take it now; AWAY: it did not answer. */
static Reception
tell_outcome (VaOutcomes *outcomes, VaLaunch *launch, const VaOutcome *outcome)
{
  gint64 end = g_get_monotonic_time () + CALL_SECONDS * G_TIME_SPAN_SECOND;
  g_autoptr(GError) error = NULL;

  if (va_service_client_outcome (outcomes->client, va_launch_id (launch), outcome, end, &error))
    return HEARD;
  g_message (_("launch %s: outcome “%s”: %s"), va_launch_id (launch), va_outcome_state_name (outcome->state),
             error->message);
  return is_final (error) ? HEARD : error->domain == VA_PROBLEM_ERROR ? LATER : AWAY;
}

static gboolean
is_stopped (VaOutcomes *outcomes)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&outcomes->lock);

  return outcomes->stop;
}

/* Everything that @launch owes, in order. */
static Reception
settle_outcome (VaOutcomes *outcomes, VaLaunch *launch)
{
  const VaOutcome *outcome;

  while ((outcome = va_launch_owed (launch)) != NULL)
    {
      Reception reception = is_stopped (outcomes) ? AWAY : tell_outcome (outcomes, launch, outcome);

      if (reception != HEARD)
        return reception;
      va_launch_acknowledge (launch);
    }
  if (va_launch_is_over (launch))
    va_launches_forget (outcomes->launches, launch);
  return HEARD;
}

/* One round. A service that is away costs one call and not one a launch. FALSE: something is left. */
static gboolean
settle_all (VaOutcomes *outcomes)
{
  g_autoptr(GPtrArray) list = va_launches_list (outcomes->launches);
  Reception worst = HEARD;

  for (guint i = 0; i < list->len && worst != AWAY; i++)
    worst = MAX (worst, settle_outcome (outcomes, g_ptr_array_index (list, i)));
  return worst == HEARD;
}

/* Sleeps for @seconds (0: as long as nobody wakes). FALSE: the end. */
static gboolean
wait_for_work (VaOutcomes *outcomes, guint seconds)
{
  gint64 end = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&outcomes->lock);

  while (!outcomes->stop && !outcomes->wake)
    if (seconds == 0)
      g_cond_wait (&outcomes->changed, &outcomes->lock);
    else if (!g_cond_wait_until (&outcomes->changed, &outcomes->lock, end))
      break;
  outcomes->wake = FALSE;
  return !outcomes->stop;
}

static gpointer
run_outcomes (gpointer data)
{
  VaOutcomes *outcomes = data;
  guint pause = 0;

  do
    {
      if (settle_all (outcomes))
        pause = 0;
      else
        pause = CLAMP (pause * 2, PAUSE_MIN_SECONDS, PAUSE_MAX_SECONDS);
    }
  while (wait_for_work (outcomes, pause));
  g_mutex_lock (&outcomes->lock);
  outcomes->ended = TRUE;
  g_cond_broadcast (&outcomes->changed);
  g_mutex_unlock (&outcomes->lock);
  return NULL;
}

VaOutcomes *
va_outcomes_new (VaLaunches *launches, VaClient *client)
{
  VaOutcomes *outcomes = g_new0 (VaOutcomes, 1);

  outcomes->launches = launches;
  outcomes->client = client;
  g_mutex_init (&outcomes->lock);
  g_cond_init (&outcomes->changed);
  outcomes->thread = g_thread_new ("outcomes", run_outcomes, outcomes);
  return outcomes;
}

void
va_outcomes_wake (VaOutcomes *outcomes)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&outcomes->lock);

  outcomes->wake = TRUE;
  g_cond_signal (&outcomes->changed);
}

gboolean
va_outcomes_stop (VaOutcomes *outcomes, gint64 end)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&outcomes->lock);

  outcomes->stop = TRUE;
  g_cond_broadcast (&outcomes->changed);
  while (!outcomes->ended && g_cond_wait_until (&outcomes->changed, &outcomes->lock, end))
    ;
  return outcomes->ended;
}

void
va_outcomes_free (VaOutcomes *outcomes)
{
  if (!va_outcomes_stop (outcomes, 0))
    g_debug ("waiting for a call to the service");
  g_thread_join (outcomes->thread);
  g_mutex_clear (&outcomes->lock);
  g_cond_clear (&outcomes->changed);
  g_free (outcomes);
}
