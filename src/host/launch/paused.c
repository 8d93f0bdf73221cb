/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/paused.h"

#include <libvirt/virterror.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/process.h"
#include "host/launch/guard.h"
#include "host/launch/monitor.h"

typedef struct {
  VaAgent *agent;
  VaLaunch *launch;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  va_launch_unref (job->launch);
  g_free (job);
}

/* QEMU's process: whoever listens at the second monitor, if it was started with just that. If even that were a lie, the
   marker would name the wrong process, and the gate would not let the right one run. */
static gboolean
find_process (const Job *job, pid_t *pid, guint64 *start, GError **error)
{
  const char *run_dir = job->agent->settings->run_dir, *uuid = va_launch_domain (job->launch);

  if (!va_monitor_peer (run_dir, uuid, pid, error) || !va_process_start_time (*pid, start, error))
    return FALSE;
  if (!va_monitor_doubt (run_dir, uuid, *pid))
    return va_launch_refuse_process (error, *pid);
  return va_launch_bind (job->launch, *pid, *start, error);
}

static gboolean
serve_paused (const Job *job, virDomainPtr domain, GError **error)
{
  gint64 end = g_get_monotonic_time () + job->agent->settings->deadline_ms * G_TIME_SPAN_MILLISECOND;
  g_autoptr(VaChannel) channel = NULL;
  guint64 start;
  pid_t pid;

  if (!find_process (job, &pid, &start, error))
    return FALSE;
  channel = va_channel_libvirt_new (domain, job->agent->settings->run_dir, pid, start, end);
  return va_launch_serve (job->launch, channel, end, error);
}

static void
resume_domain (const Job *job, virDomainPtr domain)
{
  if (virDomainResume (domain) < 0)
    g_message (_("launch %s: cannot resume: %s"), va_launch_id (job->launch), virGetLastErrorMessage ());
}

static void
attend_paused (const Job *job, virDomainPtr domain)
{
  g_autoptr(GError) error = NULL;

  if (!serve_paused (job, domain, &error))
    {
      g_message (_("launch %s: not attested through libvirt: %s"), va_launch_id (job->launch), error->message);
      va_launch_trouble (job->launch, error->message);
    }
  else if (job->agent->settings->resume_paused)
    resume_domain (job, domain);
}

/* A domain that is just being started is paused too, for the reason “starting up”: that one is the gate's. */
static void
attend_domain (const Job *job, virDomainPtr domain)
{
  int state, reason;

  if (virDomainGetState (domain, &state, &reason, 0) < 0)
    return;
  if (state == VIR_DOMAIN_SHUTOFF)
    va_launch_finish (job->launch, _("the domain ended before its attestation; see libvirt's and QEMU's logs for the "
                                     "reason, and virt-attest-errors(7) for their fw_error numbers"));
  else if (va_guard_check (job->agent, job->launch, domain))
    return;
  else if (state == VIR_DOMAIN_PAUSED && reason != VIR_DOMAIN_PAUSED_STARTING_UP
           && va_launch_state (job->launch) == VA_HOST_LAUNCH_PENDING && !va_launch_is_gone (job->launch))
    attend_paused (job, domain);
}

static void
attend_job (const Job *job)
{
  virConnectPtr connect = job->agent->hypervisor != NULL ? va_hypervisor_get (job->agent->hypervisor) : NULL;
  virDomainPtr domain;

  if (connect == NULL)
    return;
  domain = virDomainLookupByUUIDString (connect, va_launch_domain (job->launch));
  if (domain != NULL)
    {
      attend_domain (job, domain);
      virDomainFree (domain);
    }
  else if (virGetLastErrorCode () == VIR_ERR_NO_DOMAIN)
    va_launch_finish (job->launch, _("the domain no longer exists"));
  virConnectClose (connect);
}

static void
run_paused (gpointer data)
{
  const Job *job = data;

  while (va_launch_take_attention (job->launch))
    attend_job (job);
}

void
va_paused_attend (VaAgent *agent, VaLaunch *launch)
{
  Job *job;

  if (!va_launch_want_attention (launch))
    return;
  job = g_new0 (Job, 1);
  *job = (Job){ agent, va_launch_ref (launch) };
  va_work_push (agent->libvirt_work, run_paused, job, job_free);
}
