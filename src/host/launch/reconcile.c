/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/reconcile.h"

#include "core/discard.h"
#include "core/i18n.h"
#include "core/process.h"
#include "host/launch/guard.h"
#include "host/launch/marker.h"
#include "host/launch/monitor.h"
#include "host/launch/paused.h"
#include "host/launch/watch.h"

/* Another kernel's processes are gone, and its clock means nothing now. */
static gboolean
is_of_this_boot (const VaAgent *agent, const VaLaunchRecord *record)
{
  return g_str_equal (record->boot_id, agent->boot_id);
}

static int
compare_records (gconstpointer a, gconstpointer b)
{
  const VaLaunchRecord *one = *(VaLaunchRecord *const *) a, *other = *(VaLaunchRecord *const *) b;

  return one->asked < other->asked ? -1 : one->asked > other->asked;
}

/* The process that listens at the domain's second monitor. */
static gboolean
probe_domain (const VaAgent *agent, const char *uuid, pid_t *pid, guint64 *start)
{
  const char *run_dir = agent->settings->run_dir;

  return va_monitor_peer (run_dir, uuid, pid, NULL) && va_process_start_time (*pid, start, NULL)
         && va_monitor_doubt (run_dir, uuid, *pid);
}

/* @record: (transfer full) */
static void
restore_launch (VaAgent *agent, VaLaunchRecord *record)
{
  gboolean alive = is_of_this_boot (agent, record)
                   && (record->pid == 0 || !va_process_ended (record->pid, record->start));
  g_autoptr(VaLaunch) launch = va_launch_new (&agent->host, record);

  va_launches_add (agent->launches, launch);
  va_launch_restore (launch, alive);
  if (!alive)
    va_launch_finish (launch, _("QEMU ended while the host agent was not running"));
  else if (!va_launch_is_gone (launch))
    g_message (_("launch %s of domain %s: resumed after a restart of the agent"), va_launch_id (launch),
               va_launch_domain (launch));
}

void
va_reconcile_load (VaAgent *agent)
{
  g_autoptr(GPtrArray) records = va_launch_records_load (agent->settings->state_dir);

  for (guint i = 0; i < records->len; i++)
    {
      VaLaunchRecord *record = g_ptr_array_index (records, i);

      if (!is_of_this_boot (agent, record))
        record->asked = 0;
    }
  /* Oldest first, so that each domain ends up with its latest launch. */
  g_ptr_array_sort (records, compare_records);
  for (guint i = 0; i < records->len; i++)
    restore_launch (agent, g_steal_pointer (&g_ptr_array_index (records, i)));
}

/* A launch whose QEMU nobody has seen yet: look for it once the grace is over. */
static void
look_for_process (VaAgent *agent, VaLaunch *launch)
{
  gint64 age = g_get_monotonic_time () - va_launch_asked (launch);
  guint64 start;
  pid_t pid;

  if (age < agent->settings->grace_ms * G_TIME_SPAN_MILLISECOND)
    return;
  if (!probe_domain (agent, va_launch_domain (launch), &pid, &start) || !va_launch_bind (launch, pid, start, NULL))
    va_launch_finish (launch, _("QEMU did not start in time"));
}

static void
sweep_launch (VaAgent *agent, VaLaunch *launch)
{
  guint64 start;
  pid_t pid;

  if (va_launch_is_gone (launch))
    return;
  va_guard_look (agent, launch);
  if (!va_launch_process (launch, &pid, &start))
    look_for_process (agent, launch);
  else if (va_process_ended (pid, start))
    va_launch_finish (launch, _("QEMU ended before its attestation"));
  else if (va_launch_state (launch) == VA_HOST_LAUNCH_PENDING)
    va_paused_attend (agent, launch);
}

/* Whether a QEMU may still depend on a marker that belongs to no launch. */
static gboolean
is_in_use (VaAgent *agent, const char *uuid)
{
  VaMarker marker = va_marker_read (agent->settings->run_dir, uuid);
  guint64 start;
  pid_t pid;

  if (marker.state == VA_MARKER_ATTESTED)
    return !va_process_ended (marker.pid, marker.start);
  return probe_domain (agent, uuid, &pid, &start);
}

/* A start that begins meanwhile must not lose its new marker. */
static void
sweep_marker (VaAgent *agent, const char *uuid)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&agent->starts);
  g_autoptr(VaLaunch) launch = va_launches_latest (agent->launches, uuid);

  if (launch != NULL)
    return;
  if (is_in_use (agent, uuid))
    {
      if (va_marker_read (agent->settings->run_dir, uuid).state != VA_MARKER_ATTESTED)
        va_guard_look_at (agent, uuid);
      return;
    }
  g_message (_("domain %s: removed a marker that belonged to no launch"), uuid);
  va_marker_remove (agent->settings->run_dir, uuid);
}

static void
sweep_markers (VaAgent *agent)
{
  g_auto(GStrv) uuids = va_marker_list (agent->settings->run_dir);

  for (guint i = 0; uuids[i] != NULL; i++)
    sweep_marker (agent, uuids[i]);
}

void
va_reconcile_sweep (VaAgent *agent)
{
  g_autoptr(GPtrArray) list = va_launches_list (agent->launches);

  for (guint i = 0; i < list->len; i++)
    sweep_launch (agent, g_ptr_array_index (list, i));
  sweep_markers (agent);
  va_discard_rest (agent->settings->run_dir);
}
