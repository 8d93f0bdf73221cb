/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/libvirt.h>
#include <string.h>
#include <unistd.h>
#include "agent-fixture.h"
#include "core/file.h"
#include "core/monitor-path.h"
#include "core/process.h"
#include "host/agent.h"
#include "host/launch/guard.h"
#include "host/launch/marker.h"
#include "host/launch/reconcile.h"
#include "tee/sev/policy.h"

/* An agent on libvirt's own test driver, whose domain runs as soon as it is there: may it? */

#define OTHER_UUID "99999999-2222-4333-8444-555555555555"
#define UNKNOWN_UUID "99999999-3333-4333-8444-555555555555"

/* A launch that is pending; one that is attested; a domain that was started again and asks for no attestation; and one
   that is pending though its XML says nothing of it. */
typedef enum { PENDING, ATTESTED, FOREIGN, UNPREPARED } VirtualDomain;

#define TEST_NODE \
  "<node><domain type='test'><name>%s</name><uuid>" SITE_UUID "</uuid><memory>1024</memory>" \
  "<metadata><x xmlns='urn:x'>%s</x></metadata><os><type>hvm</type></os></domain></node>"

static const char *measured; /* what QEMU measured last, as libvirt tells it; %NULL: nothing */

/* In the place of libvirt's: its test driver knows nothing of launches. */
int
virDomainGetLaunchSecurityInfo (virDomainPtr domain, virTypedParameterPtr *params, int *count, unsigned int flags)
{
  int max = 0;

  *params = NULL;
  *count = 0;
  if (measured == NULL)
    return -1;
  return virTypedParamsAddString (params, count, &max, VIR_DOMAIN_LAUNCH_SECURITY_SEV_MEASUREMENT, measured);
}

static VaLaunchRecord *
new_record (const char *launch_id)
{
  VaLaunchRecord *record = va_launch_record_new ();

  record->launch_id = g_strdup (launch_id);
  record->registration = g_strdup (SITE_UUID);
  record->domain_uuid = g_strdup (SITE_UUID);
  record->domain_name = g_strdup ("confidential");
  record->boot_id = va_boot_id ();
  record->asked = g_get_monotonic_time ();
  return record;
}

/* An agent, and a launch of the one domain of its libvirt. */
static VaLaunch *
set_up_running (Host *host, VirtualDomain kind)
{
  Site *site = host->site = site_new ();
  VaHostSettings *settings = (VaHostSettings *) site->settings;
  g_autofree char *monitor = va_monitor_path (settings->run_dir, SITE_UUID);
  g_autofree char *node = g_strdup_printf (TEST_NODE, "confidential", kind >= FOREIGN ? "nothing" : monitor);
  g_autofree char *file = g_build_filename (site->folder, "node.xml", NULL);
  VaLaunchRecord *record = new_record ("11111111-2222-4333-8444-555555555555");
  VaLaunch *launch;

  g_assert_true (va_file_write (file, node, strlen (node), 0600, NULL));
  g_free (settings->libvirt_uri);
  settings->libvirt_uri = g_strdup_printf ("test://%s", file);
  record->state = kind == ATTESTED ? VA_HOST_LAUNCH_ATTESTED : VA_HOST_LAUNCH_PENDING;
  record->pid = getpid ();
  g_assert_true (va_process_start_time (getpid (), &record->start, NULL));
  record->reason = g_strdup ("the service cannot be reached");
  start_agent (host);
  launch = va_launch_new (&host->agent->host, record);
  g_assert_true (va_launches_add (host->agent->launches, launch));
  return launch;
}

/* The domain's state, once libvirt is there and the agent has had its time. */
static int
state_of_domain (Host *host, int wanted)
{
  int state = -1, reason;

  for (guint i = 0; i < 500 && state != wanted; i++)
    {
      virConnectPtr connect = va_hypervisor_get (host->agent->hypervisor);
      virDomainPtr domain = connect != NULL ? virDomainLookupByUUIDString (connect, SITE_UUID) : NULL;

      if (domain != NULL)
        {
          g_assert_cmpint (virDomainGetState (domain, &state, &reason, 0), ==, 0);
          virDomainFree (domain);
        }
      if (connect != NULL)
        virConnectClose (connect);
      g_usleep (10000);
    }
  return state;
}

static void
test_runs_without_attestation (void)
{
  Host host = { NULL };
  g_autoptr(VaLaunch) launch = set_up_running (&host, PENDING);
  g_autofree char *failed = NULL;

  /* It runs from the beginning on; whether the agent's first look or the sweep comes first does not matter. */
  va_reconcile_sweep (host.agent);
  failed = site_wait_outcome (host.site, va_launch_id (launch), "failed");
  g_assert_nonnull (strstr (failed, "ran without attestation"));
  g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_SHUTOFF), ==, VIR_DOMAIN_SHUTOFF);
  g_assert_cmpint (va_launch_state (launch), ==, VA_HOST_LAUNCH_FAILED);
  tear_down (&host);
}

/* The emulator program gave its QEMU the monitor; whether the gate has asked already, so that the process is known,
   does not matter. */
static void
test_unprepared_without_attestation (void)
{
  for (guint known = 0; known < 2; known++)
    {
      Host host = { NULL };
      g_autoptr(VaLaunch) first = set_up_running (&host, UNPREPARED), launch = NULL;
      g_autofree char *path = va_monitor_path (host.site->settings->run_dir, SITE_UUID), *failed = NULL;
      VaLaunchRecord *record = new_record ("51111111-2222-4333-8444-555555555555");
      FakeQemu qemu = fake_qemu_start (path);

      record->pid = known ? qemu.pid : 0;
      g_assert_true (va_process_start_time (qemu.pid, &record->start, NULL));
      launch = va_launch_new (&host.agent->host, record);
      g_assert_true (va_launches_add (host.agent->launches, launch));
      g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
      va_guard_look (host.agent, launch);
      failed = site_wait_outcome (host.site, va_launch_id (launch), "failed");
      g_assert_nonnull (strstr (failed, "ran without attestation"));
      g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_SHUTOFF), ==, VIR_DOMAIN_SHUTOFF);
      fake_qemu_kill (&qemu);
      tear_down (&host);
    }
}

/* libvirt's event alone: nobody sweeps. */
static void
test_resumed_without_attestation (void)
{
  Host host = { NULL };
  g_autoptr(VaLaunch) launch = set_up_running (&host, ATTESTED);
  g_autoptr(VaLaunch) other = NULL;
  g_autofree char *failed = NULL;
  virConnectPtr connect;
  virDomainPtr domain;

  g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
  connect = va_hypervisor_get (host.agent->hypervisor);
  domain = virDomainLookupByUUIDString (connect, SITE_UUID);
  g_assert_cmpint (virDomainSuspend (domain), ==, 0);
  other = va_launch_new (&host.agent->host, new_record ("21111111-2222-4333-8444-555555555555"));
  g_assert_true (va_launches_add (host.agent->launches, other));
  g_assert_cmpint (virDomainResume (domain), ==, 0);
  failed = site_wait_outcome (host.site, va_launch_id (other), "failed");
  g_assert_nonnull (strstr (failed, "ran without attestation"));
  virDomainFree (domain);
  virConnectClose (connect);
  g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_SHUTOFF), ==, VIR_DOMAIN_SHUTOFF);
  tear_down (&host);
}

/* One that is attested, and one that was started again without asking for attestation. */
static void
test_runs_rightly (void)
{
  for (VirtualDomain kind = ATTESTED; kind <= FOREIGN; kind++)
    {
      Host host = { NULL };
      g_autoptr(VaLaunch) launch = set_up_running (&host, kind);

      g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
      va_reconcile_sweep (host.agent);
      g_usleep (300000);
      g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
      g_assert_cmpint (va_launch_state (launch), !=, VA_HOST_LAUNCH_FAILED);
      tear_down (&host);
    }
}

/* To a snapshot of a running guest: whatever was attested, its memory is another one now. */
static void
test_reverted_to_a_snapshot (void)
{
  for (VirtualDomain kind = PENDING; kind <= FOREIGN; kind++)
    {
      Host host = { NULL };
      g_autoptr(VaLaunch) launch = NULL;
      virConnectPtr connect;
      virDomainPtr domain;
      virDomainSnapshotPtr snapshot;

      launch = set_up_running (&host, kind == PENDING ? ATTESTED : kind);
      g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
      connect = va_hypervisor_get (host.agent->hypervisor);
      domain = virDomainLookupByUUIDString (connect, SITE_UUID);
      snapshot = virDomainSnapshotCreateXML (domain, "<domainsnapshot/>", 0);
      g_assert_nonnull (snapshot);
      g_assert_cmpint (virDomainSuspend (domain), ==, 0);
      g_assert_cmpint (virDomainRevertToSnapshot (snapshot, kind == PENDING ? VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED : 0),
                       ==, 0);
      va_guard_event (host.agent, launch);
      if (kind != FOREIGN)
        {
          g_autofree char *ended = NULL;

          g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_SHUTOFF), ==, VIR_DOMAIN_SHUTOFF);
          va_launch_finish (launch, NULL);
          ended = site_wait_outcome (host.site, va_launch_id (launch), "ended");
          g_assert_nonnull (strstr (ended, "reverted to a snapshot"));
        }
      else
        {
          g_usleep (300000);
          g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
        }
      virDomainSnapshotFree (snapshot);
      virDomainFree (domain);
      virConnectClose (connect);
      tear_down (&host);
    }
}

/* Of 48 bytes 0x11, which was attested; of others; and what is none. */
static const struct {
  const char *now;
  gboolean known, ends;
} measurements[] = {
  { "ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER", TRUE, FALSE },
  { "ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERES", TRUE, TRUE },
  { "ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERES", FALSE, FALSE },
  { "ERERERER", TRUE, FALSE },
  { NULL, TRUE, FALSE },
};

/* Reset, and launched again by QEMU itself. */
static void
test_launched_again (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (measurements); i++)
    {
      Host host = { NULL };
      g_autoptr(VaLaunch) first = set_up_running (&host, ATTESTED), launch = NULL;
      VaLaunchRecord *record = new_record ("41111111-2222-4333-8444-555555555555");

      measured = measurements[i].now;
      record->state = VA_HOST_LAUNCH_ATTESTED;
      record->policy = VA_POLICY_ES;
      record->pid = getpid ();
      g_assert_true (va_process_start_time (getpid (), &record->start, NULL));
      record->has_measurement = measurements[i].known;
      memset (record->measurement, 0x11, sizeof record->measurement);
      launch = va_launch_new (&host.agent->host, record);
      g_assert_true (va_launches_add (host.agent->launches, launch));
      g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
      va_reconcile_sweep (host.agent);
      if (measurements[i].ends)
        {
          g_autofree char *ended = NULL;

          g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_SHUTOFF), ==, VIR_DOMAIN_SHUTOFF);
          va_launch_finish (launch, NULL);
          ended = site_wait_outcome (host.site, va_launch_id (launch), "ended");
          g_assert_nonnull (strstr (ended, "launched it again"));
        }
      else
        {
          g_usleep (300000);
          g_assert_cmpint (state_of_domain (&host, VIR_DOMAIN_RUNNING), ==, VIR_DOMAIN_RUNNING);
        }
      measured = NULL;
      tear_down (&host);
    }
}

static gpointer
sweep (gpointer agent)
{
  va_reconcile_sweep (agent);
  return NULL;
}

/* A start is under way, from its launch's entry to its marker: the sweep, which finds a marker of no launch, waits for
   it. */
static void
test_sweep_waits_for_a_start (void)
{
  Host host = { NULL };
  g_autoptr(VaLaunch) old = set_up_running (&host, FOREIGN), launch = NULL;
  const char *run_dir = host.site->settings->run_dir;
  VaLaunchRecord *record = new_record ("31111111-2222-4333-8444-555555555555");
  GThread *thread;

  g_free (record->domain_uuid);
  record->domain_uuid = g_strdup (OTHER_UUID);
  launch = va_launch_new (&host.agent->host, record);
  g_mutex_lock (&host.agent->starts);
  g_assert_true (va_marker_write_pending (run_dir, OTHER_UUID, NULL));
  thread = g_thread_new ("sweep", sweep, host.agent);
  g_usleep (300000);
  g_assert_cmpint (va_marker_read (run_dir, OTHER_UUID).state, ==, VA_MARKER_PENDING);
  g_assert_true (va_launches_add (host.agent->launches, launch));
  g_assert_true (va_launch_begin (launch, NULL));
  g_mutex_unlock (&host.agent->starts);
  g_thread_join (thread);
  g_assert_cmpint (va_marker_read (run_dir, OTHER_UUID).state, ==, VA_MARKER_PENDING);
  va_launch_finish (launch, "the end of the test");
  g_assert_true (va_marker_write_pending (run_dir, UNKNOWN_UUID, NULL));
  va_reconcile_sweep (host.agent);
  g_assert_cmpint (va_marker_read (run_dir, UNKNOWN_UUID).state, ==, VA_MARKER_NONE);
  tear_down (&host);
}

int
main (int argc, char **argv)
{
  fake_qemu_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-guard/runs-without-attestation", test_runs_without_attestation);
  g_test_add_func ("/agent-guard/resumed-without-attestation", test_resumed_without_attestation);
  g_test_add_func ("/agent-guard/unprepared-without-attestation", test_unprepared_without_attestation);
  g_test_add_func ("/agent-guard/runs-rightly", test_runs_rightly);
  g_test_add_func ("/agent-guard/reverted-to-a-snapshot", test_reverted_to_a_snapshot);
  g_test_add_func ("/agent-guard/launched-again", test_launched_again);
  g_test_add_func ("/agent-guard/sweep-waits-for-a-start", test_sweep_waits_for_a_start);
  return g_test_run ();
}
