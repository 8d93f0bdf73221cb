/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/launch-private.h"

#include <inttypes.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "host/log.h"
#include "host/launch/marker.h"
#include "host/launch/monitor.h"
#include "host/local/question.h"
#include "host/launch/watch.h"
#include "tee/sev/firmware-error.h"
#include "tee/sev/policy.h"

VaLaunch *
va_launch_new (const VaLaunchHost *host, VaLaunchRecord *record)
{
  VaLaunch *launch = g_new0 (VaLaunch, 1);

  g_atomic_ref_count_init (&launch->refs);
  g_mutex_init (&launch->lock);
  g_cond_init (&launch->validated);
  launch->host = host;
  launch->record = record;
  return launch;
}

VaLaunch *
va_launch_ref (VaLaunch *launch)
{
  g_atomic_ref_count_inc (&launch->refs);
  return launch;
}

void
va_launch_unref (VaLaunch *launch)
{
  if (!g_atomic_ref_count_dec (&launch->refs))
    return;
  g_clear_pointer (&launch->reply, va_validate_reply_free);
  va_launch_record_free (launch->record);
  g_cond_clear (&launch->validated);
  g_mutex_clear (&launch->lock);
  g_free (launch);
}

const char *
va_launch_id (const VaLaunch *launch)
{
  return launch->record->launch_id;
}

const char *
va_launch_domain (const VaLaunch *launch)
{
  return launch->record->domain_uuid;
}

gint64
va_launch_asked (const VaLaunch *launch)
{
  return launch->record->asked;
}

VaHostLaunchState
va_launch_state (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  return launch->record->state;
}

gboolean
va_launch_is_gone (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  return launch->record->gone;
}

gboolean
va_launch_process (VaLaunch *launch, pid_t *pid, guint64 *start)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  *pid = launch->record->pid;
  *start = launch->record->start;
  return *pid != 0;
}

gboolean
va_launch_resets_by_launching (const VaLaunch *launch)
{
  return (launch->record->policy & VA_POLICY_ES) != 0;
}

gboolean
va_launch_measurement (VaLaunch *launch, guint8 measurement[VA_MEASURED_MAX])
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  memcpy (measurement, launch->record->measurement, VA_MEASURED_MAX);
  return launch->record->has_measurement;
}

char *
va_launch_reason (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  return g_strdup (launch->record->reason);
}

static VaHostSubject
subject_of (const VaLaunchRecord *record)
{
  return (VaHostSubject){ .launch_id = record->launch_id, .vm = record->registration };
}

void
va_launch_save (VaLaunch *launch)
{
  g_autoptr(GError) error = NULL;
  const VaHostSubject subject = subject_of (launch->record);

  if (!va_launch_record_save (launch->record, launch->host->state_dir, &error))
    va_host_log (&subject, _("launch %s: cannot save its record: %s"), launch->record->launch_id, error->message);
}

void
va_launch_add_step (VaLaunch *launch, const char *name)
{
  VaLaunchRecord *record = launch->record;
  const VaHostSubject subject = subject_of (record);
  VaStep *step;

  for (guint i = 0; i < record->steps->len; i++)
    if (g_str_equal (((VaStep *) g_ptr_array_index (record->steps, i))->name, name))
      return;
  if (record->steps->len == VA_LAUNCH_STEPS_MAX)
    return;
  step = g_new0 (VaStep, 1);
  step->name = g_strdup (name);
  step->ms = (guint64) MAX (g_get_monotonic_time () - record->asked, 0) / 1000;
  g_ptr_array_add (record->steps, step);
  va_host_log (&subject, _("launch %s of domain %s: %s after %" PRIu64 " ms"), record->launch_id, record->domain_name,
               name, step->ms);
}

static void
set_reason (VaLaunch *launch, const char *text)
{
  g_autofree char *reason = va_sentence (text);

  if (strlen (reason) > VA_REASON_MAX)
    *g_utf8_find_prev_char (reason, reason + VA_REASON_MAX + 1) = '\0';
  g_free (launch->record->reason);
  launch->record->reason = g_steal_pointer (&reason);
}

void
va_launch_owe (VaLaunch *launch, VaOutcomeState state, const char *reason)
{
  VaLaunchRecord *record = launch->record;
  VaOutcome *outcome = va_outcome_new (state, reason);
  const VaHostSubject subject = subject_of (record);

  if (state == VA_OUTCOME_FAILED && reason != NULL)
    outcome->firmware_error = va_firmware_error_find (reason, strlen (reason));
  for (guint i = 0; i < record->steps->len; i++)
    {
      const VaStep *step = g_ptr_array_index (record->steps, i);

      va_outcome_add_step (outcome, step->name, step->ms);
    }
  g_ptr_array_add (record->owed, outcome);
  va_host_log (&subject, _("launch %s of domain %s: %s%s%s"), record->launch_id, record->domain_name,
               va_outcome_state_name (state), reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

void
va_launch_fail (VaLaunch *launch, const char *reason)
{
  if (launch->record->state != VA_HOST_LAUNCH_PENDING || launch->record->gone)
    return;
  launch->record->state = VA_HOST_LAUNCH_FAILED;
  set_reason (launch, reason);
  va_launch_owe (launch, VA_OUTCOME_FAILED, launch->record->reason);
  va_launch_save (launch);
}

gboolean
va_launch_begin (VaLaunch *launch, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);
  const VaLaunchHost *host = launch->host;

  launch->marked = TRUE;
  launch->log = va_qemu_log_mark (host->qemu_log_dir, launch->record->domain_name);
  /* QEMU's monitor is to be in a folder that nobody has used before; the hook makes it. */
  va_monitor_remove (host->run_dir, launch->record->domain_uuid);
  return va_launch_record_save (launch->record, host->state_dir, error)
         && va_marker_write_pending (host->run_dir, launch->record->domain_uuid, error);
}

void
va_launch_step (VaLaunch *launch, const char *name)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  va_launch_add_step (launch, name);
}

void
va_launch_trouble (VaLaunch *launch, const char *message)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  if (launch->record->state != VA_HOST_LAUNCH_PENDING || launch->record->gone)
    return;
  set_reason (launch, message);
  va_launch_save (launch);
}

gboolean
va_launch_condemn (VaLaunch *launch, const char *reason)
{
  gboolean condemned;

  g_mutex_lock (&launch->lock);
  condemned = launch->record->state != VA_HOST_LAUNCH_ATTESTED && !launch->record->gone;
  va_launch_fail (launch, reason);
  g_mutex_unlock (&launch->lock);
  launch->host->owes (launch->host->data);
  return condemned;
}

void
va_launch_doubt (VaLaunch *launch, const char *reason)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  if (launch->record->state != VA_HOST_LAUNCH_ATTESTED || launch->record->gone)
    return;
  set_reason (launch, reason);
  va_launch_save (launch);
}

/* The caller has the lock. */
static void
unwatch_process (VaLaunch *launch)
{
  if (launch->watch != NULL)
    g_source_destroy (launch->watch);
  g_clear_pointer (&launch->watch, g_source_unref);
}

/* Why a QEMU that nobody could ask anything ended: what it printed about SEV's firmware, else @reason. */
static void
set_end_reason (VaLaunch *launch, const char *reason)
{
  int number = va_qemu_log_firmware_error (launch->host->qemu_log_dir, launch->record->domain_name, &launch->log);
  g_autofree char *explanation = number != VA_FIRMWARE_ERROR_NONE ? va_firmware_error_text ((guint) number) : NULL;
  g_autofree char *text = NULL;

  if (explanation != NULL)
    text = g_strdup_printf (_("QEMU could not launch this guest with SEV: fw_error=%s"), explanation);
  set_reason (launch, text != NULL ? text : reason);
}

void
va_launch_finish (VaLaunch *launch, const char *reason)
{
  gboolean pending, refused;

  g_mutex_lock (&launch->lock);
  pending = launch->record->state == VA_HOST_LAUNCH_PENDING;
  if (launch->record->gone)
    {
      g_mutex_unlock (&launch->lock);
      return;
    }
  refused = launch->record->reason != NULL;
  if (pending)
    {
      if (!refused)
        set_end_reason (launch, reason);
      va_launch_fail (launch, launch->record->reason);
    }
  else if (launch->record->state == VA_HOST_LAUNCH_ATTESTED)
    va_launch_owe (launch, VA_OUTCOME_ENDED, launch->record->reason);
  launch->record->gone = TRUE;
  unwatch_process (launch);
  if (launch->marked)
    va_marker_remove (launch->host->run_dir, launch->record->domain_uuid);
  va_launch_save (launch);
  g_mutex_unlock (&launch->lock);
  launch->host->owes (launch->host->data);
  if (pending && !refused)
    launch->host->vanished (launch->host->data);
}

typedef struct {
  VaLaunch *launch;
  pid_t pid;
  guint64 start;
} Ended;

static void
ended_free (gpointer data)
{
  Ended *ended = data;

  va_launch_unref (ended->launch);
  g_free (ended);
}

static Ended *
ended_new (VaLaunch *launch, pid_t pid, guint64 start)
{
  Ended *ended = g_new0 (Ended, 1);

  *ended = (Ended){ va_launch_ref (launch), pid, start };
  return ended;
}

static void
finish_if_bound (gpointer data)
{
  Ended *ended = data;
  guint64 start;
  pid_t pid;

  if (va_launch_process (ended->launch, &pid, &start) && pid == ended->pid && start == ended->start)
    va_launch_finish (ended->launch, _("QEMU ended before its attestation"));
}

static void
on_process_ended (gpointer data)
{
  Ended *ended = data;

  va_work_push (ended->launch->host->chores, finish_if_bound, ended_new (ended->launch, ended->pid, ended->start),
                ended_free);
}

/* The caller has the lock. */
static gboolean
watch_process (VaLaunch *launch, pid_t pid, guint64 start)
{
  unwatch_process (launch);
  launch->watch = va_watch_process (pid, start, on_process_ended, ended_new (launch, pid, start), ended_free);
  return launch->watch != NULL;
}

void
va_launch_abandon (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  unwatch_process (launch);
}

gboolean
va_launch_refuse_process (GError **error, pid_t pid)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
               _("process %d is not the QEMU of this launch, or has ended: destroy the domain and start it again"),
               (int) pid);
  return FALSE;
}

gboolean
va_launch_bind (VaLaunch *launch, pid_t pid, guint64 start, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);
  VaLaunchRecord *record = launch->record;

  if (record->gone)
    return va_launch_refuse_process (error, pid);
  if (record->pid == pid && record->start == start)
    return TRUE;
  if (record->state == VA_HOST_LAUNCH_ATTESTED || va_process_ended (pid, start) || !watch_process (launch, pid, start))
    return va_launch_refuse_process (error, pid);
  record->pid = pid;
  record->start = start;
  va_launch_save (launch);
  return TRUE;
}

void
va_launch_restore (VaLaunch *launch, gboolean alive)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);
  VaLaunchRecord *record = launch->record;
  const char *run_dir = launch->host->run_dir;
  g_autoptr(GError) error = NULL;
  VaMarker marker;
  gboolean ok;

  if (record->gone)
    return;
  launch->marked = TRUE;
  if (!alive)
    return;
  marker = va_marker_read (run_dir, record->domain_uuid);
  /* Only this agent writes “attested”, and only after the injection: it died before it could note that. */
  if (record->state == VA_HOST_LAUNCH_PENDING && marker.state == VA_MARKER_ATTESTED
      && !va_process_ended (marker.pid, marker.start))
    {
      record->state = VA_HOST_LAUNCH_ATTESTED;
      record->pid = marker.pid;
      record->start = marker.start;
      va_launch_owe (launch, VA_OUTCOME_RUNNING, NULL);
      va_launch_save (launch);
    }
  ok = record->state == VA_HOST_LAUNCH_ATTESTED
         ? va_marker_write_attested (run_dir, record->domain_uuid, record->pid, record->start, &error)
         : va_marker_write_pending (run_dir, record->domain_uuid, &error);
  if (!ok)
    g_message (_("launch %s: %s"), record->launch_id, error->message);
  if (record->state == VA_HOST_LAUNCH_ATTESTED)
    va_monitor_remove (run_dir, record->domain_uuid);
  if (record->pid != 0)
    watch_process (launch, record->pid, record->start); /* one that has just ended is found by the sweep */
}

gboolean
va_launch_want_attention (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);
  gboolean nobody = launch->attention == ATTENTION_NONE;

  launch->attention = ATTENTION_WANTED;
  return nobody;
}

gboolean
va_launch_take_attention (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);
  gboolean wanted = launch->attention == ATTENTION_WANTED;

  launch->attention = wanted ? ATTENTION_GIVEN : ATTENTION_NONE;
  return wanted;
}

const VaOutcome *
va_launch_owed (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  return launch->record->owed->len > 0 ? g_ptr_array_index (launch->record->owed, 0) : NULL;
}

void
va_launch_acknowledge (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  if (launch->record->owed->len > 0)
    g_ptr_array_remove_index (launch->record->owed, 0);
  va_launch_save (launch);
}

gboolean
va_launch_is_over (VaLaunch *launch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  return launch->record->gone && launch->record->owed->len == 0;
}
