/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/guard.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include "core/i18n.h"
#include "core/qemu-arguments.h"
#include "host/launch/channel.h"
#include "host/launch/monitor.h"
#include "host/launch/watch.h"

#define LOOK_MS 1000     /* for QEMU's command line, which a process that was taken over can withhold */
#define WAITING_MAX 1024 /* looks that no thread has begun: more are left to the sweep */

#define RUNS_UNATTESTED \
  _("the domain is running without attestation, because it was resumed through QEMU's monitor; destroying it")

typedef struct {
  VaAgent *agent;
  VaLaunch *launch; /* NULL: none is known */
  char *uuid;
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  g_clear_pointer (&look->launch, va_launch_unref);
  g_free (look->uuid);
  g_free (look);
}

/* Whether its processors run, or were stopped by what only a guest that ran can do. */
static gboolean
has_run (virDomainPtr domain)
{
  int state, reason;

  return virDomainGetState (domain, &state, &reason, 0) == 0
         && (state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED || state == VIR_DOMAIN_PMSUSPENDED
             || state == VIR_DOMAIN_CRASHED);
}

/* Whether its memory and processors come from a file. Since 10.10 libvirt loads an internal snapshot through QEMU's
   monitor, which shows neither in what QEMU was started with nor in its own state; libvirt's reason for the state is
   all that tells. */
static gboolean
has_other_memory (virDomainPtr domain)
{
  int state, reason;

  if (virDomainGetState (domain, &state, &reason, 0) < 0)
    return FALSE;
  if (state == VIR_DOMAIN_RUNNING)
    return reason == VIR_DOMAIN_RUNNING_FROM_SNAPSHOT || reason == VIR_DOMAIN_RUNNING_RESTORED
           || reason == VIR_DOMAIN_RUNNING_MIGRATED;
  return state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_FROM_SNAPSHOT;
}

/* Of a domain that nobody prepared, its XML says nothing: the emulator program gave QEMU the monitor. So its process is
   looked at, which libvirt has one of for each domain: that of @launch, which may be %NULL, or who listens there. */
static gboolean
runs_with_our_monitor (const VaAgent *agent, VaLaunch *launch, const char *uuid)
{
  const char *run_dir = agent->settings->run_dir;
  VaQemuArguments arguments;
  guint64 start;
  pid_t pid;

  if (launch != NULL && va_launch_process (launch, &pid, &start))
    {
      if (va_process_ended (pid, start))
        return FALSE;
    }
  else if (!va_monitor_peer (run_dir, uuid, &pid, NULL))
    return FALSE;
  return va_qemu_arguments_read (pid, run_dir, uuid, LOOK_MS, &arguments, NULL) && arguments.monitor;
}

/* A domain that was started again without asking for attestation is nobody's business, whatever a launch before it left
   behind. What QEMU was started with stays in the XML of a running domain, while its metadata can be changed. */
static gboolean
has_our_monitor (const VaAgent *agent, VaLaunch *launch, virDomainPtr domain, const char *uuid)
{
  char *xml = virDomainGetXMLDesc (domain, 0);
  gboolean has = xml != NULL && va_qemu_arguments_parse (xml, strlen (xml), agent->settings->run_dir, uuid).monitor;

  free (xml);
  return has || runs_with_our_monitor (agent, launch, uuid);
}

static void
destroy_domain (virDomainPtr domain, const char *what, const char *why)
{
  g_message ("%s: %s", what, why);
  /* The event and the sweep may both have come here. */
  if (virDomainDestroy (domain) < 0 && virGetLastErrorCode () != VIR_ERR_OPERATION_INVALID)
    g_message (_("%s: cannot destroy the domain: %s"), what, virGetLastErrorMessage ());
}

/* Before it was measured or after that: what is in memory now never was. */
static gboolean
check_memory (const VaAgent *agent, VaLaunch *launch, virDomainPtr domain)
{
  const char *reason =
    _("the domain was reverted to a snapshot or restored, so its memory is not what was measured; it was "
      "destroyed");

  if (va_launch_is_gone (launch) || !has_other_memory (domain)
      || !has_our_monitor (agent, launch, domain, va_launch_domain (launch)))
    return FALSE;
  if (!va_launch_condemn (launch, reason))
    va_launch_doubt (launch, reason);
  destroy_domain (domain, va_launch_id (launch), reason);
  return TRUE;
}

/* Whether the QEMU that was attested has measured its guest once more since then. Each measurement has a nonce of the
   firmware's, so that of another launch is another one even if the guest is the same. While there is none, the guest
   does not run. */
static gboolean
has_other_measurement (VaLaunch *launch, virDomainPtr domain)
{
  guint8 attested[VA_MEASURED_MAX], now[VA_MEASUREMENT_SIZE];
  guint64 start;
  pid_t pid;

  G_STATIC_ASSERT (sizeof attested == sizeof now);
  if (va_launch_state (launch) != VA_HOST_LAUNCH_ATTESTED || !va_launch_measurement (launch, attested)
      || !va_channel_libvirt_measurement (domain, now, NULL) || memcmp (attested, now, sizeof now) == 0)
    return FALSE;
  /* The domain may have been started again, which is another launch's business: then this process has ended. */
  return va_launch_process (launch, &pid, &start) && !va_process_ended (pid, start);
}

/* QEMU launches a guest again when it is reset, if its processors cannot be reset, and asks neither libvirt nor us.
   Here the agent saw to it that it does not (va_channel_hold()), and then somebody undid that. */
static gboolean
check_reset (VaLaunch *launch, virDomainPtr domain)
{
  const char *reason = _("the guest was reset, and QEMU launched it again without attestation; it was destroyed");

  if (va_launch_is_gone (launch) || !has_other_measurement (launch, domain))
    return FALSE;
  va_launch_doubt (launch, reason);
  destroy_domain (domain, va_launch_id (launch), reason);
  return TRUE;
}

gboolean
va_guard_check (const VaAgent *agent, VaLaunch *launch, virDomainPtr domain)
{
  if (check_memory (agent, launch, domain) || check_reset (launch, domain))
    return TRUE;
  if (va_launch_state (launch) == VA_HOST_LAUNCH_ATTESTED || va_launch_is_gone (launch) || !has_run (domain)
      || !has_our_monitor (agent, launch, domain, va_launch_domain (launch)))
    return FALSE;
  /* From here on nothing attests it any more. */
  if (!va_launch_condemn (launch, _("the domain ran without attestation, and was destroyed")))
    return FALSE;
  destroy_domain (domain, va_launch_id (launch), RUNS_UNATTESTED);
  return TRUE;
}

static void
check_unknown (const Look *look, virDomainPtr domain)
{
  g_autoptr(VaLaunch) launch = va_launches_latest (look->agent->launches, look->uuid);

  if (launch == NULL && has_run (domain) && has_our_monitor (look->agent, NULL, domain, look->uuid))
    destroy_domain (domain, look->uuid, RUNS_UNATTESTED);
}

static void
run_guard (gpointer data)
{
  const Look *look = data;
  VaAgent *agent = look->agent;
  virConnectPtr connect = agent->hypervisor != NULL ? va_hypervisor_get (agent->hypervisor) : NULL;
  virDomainPtr domain = connect != NULL ? virDomainLookupByUUIDString (connect, look->uuid) : NULL;

  if (domain != NULL && look->launch != NULL)
    va_guard_check (agent, look->launch, domain);
  else if (domain != NULL)
    check_unknown (look, domain);
  if (domain != NULL)
    virDomainFree (domain);
  if (connect != NULL)
    virConnectClose (connect);
}

static void
push_guard (VaAgent *agent, VaLaunch *launch, const char *uuid)
{
  Look *look;

  if (va_work_waiting (agent->guards) >= WAITING_MAX)
    return;
  look = g_new0 (Look, 1);
  *look = (Look){ agent, launch != NULL ? va_launch_ref (launch) : NULL, g_strdup (uuid) };
  va_work_push (agent->guards, run_guard, look, look_free);
}

void
va_guard_look (VaAgent *agent, VaLaunch *launch)
{
  if ((va_launch_state (launch) != VA_HOST_LAUNCH_ATTESTED || va_launch_resets_by_launching (launch))
      && !va_launch_is_gone (launch))
    push_guard (agent, launch, va_launch_domain (launch));
}

void
va_guard_event (VaAgent *agent, VaLaunch *launch)
{
  if (!va_launch_is_gone (launch))
    push_guard (agent, launch, va_launch_domain (launch));
}

void
va_guard_look_at (VaAgent *agent, const char *uuid)
{
  push_guard (agent, NULL, uuid);
}
