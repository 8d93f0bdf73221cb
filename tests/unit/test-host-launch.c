/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "host/launch/launch.h"
#include "host/launch/marker.h"
#include "host-site.h"
#include "tee/sev/firmware-error.h"
#include "tee/sev/seam.h"

/* One launch and two channels at once: what must not deadlock, and what counts as success. */

#define ID "11111111-2222-4333-8444-555555555555"

/* A channel that waits where a test wants it to. */
typedef struct {
  VaChannel parent;
  GMutex lock;
  GCond changed;
  gboolean hold_collect, hold_inject; /* wait here until they are FALSE, as libvirt does while the gate waits */
  gboolean inject_fails, runs;
  const char *inject_words;
  guint waiting; /* threads that wait */
  guint collected, injected;
} Scripted;

static void
wait_while (Scripted *channel, gboolean *hold)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&channel->lock);

  channel->waiting++;
  g_cond_broadcast (&channel->changed);
  while (*hold)
    g_cond_wait (&channel->changed, &channel->lock);
  channel->waiting--;
}

static void
let_go (Scripted *channel, gboolean *hold)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&channel->lock);

  *hold = FALSE;
  g_cond_broadcast (&channel->changed);
}

static void
wait_until_held (Scripted *channel)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&channel->lock);

  while (channel->waiting == 0)
    g_cond_wait (&channel->changed, &channel->lock);
}

static gboolean
collect (VaChannel *parent, VaEvidence *evidence, GError **error)
{
  Scripted *channel = (Scripted *) parent;

  wait_while (channel, &channel->hold_collect);
  channel->collected++;
  va_sev_evidence_write (&(VaLaunchContext){ .policy = SITE_POLICY }, (const guint8[VA_MEASUREMENT_SIZE]){ 0 },
                         evidence);
  return TRUE;
}

static gboolean
inject (VaChannel *parent, const VaBlobs *packet, guint32 address, GError **error)
{
  Scripted *channel = (Scripted *) parent;

  wait_while (channel, &channel->hold_inject);
  if (channel->inject_fails)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "%s",
                   channel->inject_words != NULL ? channel->inject_words : "Not in correct state");
      return FALSE;
    }
  channel->injected++;
  return TRUE;
}

static gboolean
check (VaChannel *parent, GError **error)
{
  Scripted *channel = (Scripted *) parent;

  if (!channel->runs)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "this guest has run");
  return FALSE;
}

static Scripted
scripted (const char *name)
{
  Scripted channel = { .parent = { name, getpid (), 0, collect, inject, check, NULL } };

  g_assert_true (va_process_start_time (getpid (), &channel.parent.start, NULL));
  return channel;
}

static void
ignore (gpointer data)
{
}

typedef struct {
  Site *site;
  VaLaunchHost host;
  VaLaunch *launch;
  VaClient *client;
  VaWork *chores;
} Bench;

static void
make_folder (const char *parent, const char *name)
{
  g_autofree char *path = g_build_filename (parent, name, NULL);

  g_assert_true (va_folder_make (path, 0700, NULL));
}

static VaLaunchRecord *
new_record (void)
{
  VaLaunchRecord *record = va_launch_record_new ();

  record->launch_id = g_strdup (ID);
  record->registration = g_strdup (SITE_UUID);
  record->domain_uuid = g_strdup (SITE_UUID);
  record->domain_name = g_strdup ("confidential");
  record->policy = SITE_POLICY;
  record->boot_id = va_boot_id ();
  record->asked = g_get_monotonic_time ();
  return record;
}

static void
set_up (Bench *bench)
{
  const VaHostSettings *settings;
  g_autoptr(GError) error = NULL;
  guint64 start;

  *bench = (Bench){ .site = site_new (), .chores = va_work_new (1) };
  settings = bench->site->settings;
  make_folder (settings->run_dir, "domains");
  make_folder (settings->state_dir, "launches");
  bench->client = va_client_new (settings->url, settings->ca, settings->certificate, settings->key, &error);
  g_assert_no_error (error);
  bench->host = (VaLaunchHost){ settings->run_dir,
                                settings->state_dir,
                                "",
                                settings->qemu_log_dir,
                                bench->client,
                                bench->chores,
                                ignore,
                                ignore,
                                NULL };
  bench->launch = va_launch_new (&bench->host, new_record ());
  g_assert_true (va_launch_begin (bench->launch, &error));
  g_assert_true (va_process_start_time (getpid (), &start, NULL));
  g_assert_true (va_launch_bind (bench->launch, getpid (), start, &error));
}

static void
tear_down (Bench *bench)
{
  va_launch_unref (bench->launch);
  va_work_free (bench->chores);
  va_client_free (bench->client);
  site_free (bench->site);
}

typedef struct {
  Bench *bench;
  Scripted *channel;
  gboolean ok;
  GError *error;
} Server;

static gpointer
run_server (gpointer data)
{
  Server *server = data;

  server->ok = va_launch_serve (server->bench->launch, &server->channel->parent,
                                g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND, &server->error);
  return NULL;
}

static GThread *
serve_in_thread (Server *server)
{
  return g_thread_new ("serve", run_server, server);
}

static gboolean
serve (Bench *bench, Scripted *channel)
{
  return va_launch_serve (bench->launch, &channel->parent, g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND, NULL);
}

/* libvirt's measurement waits for the gate: the gate must do all of it alone. */
static void
test_api_held_in_collect (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  set_up (&bench);
  api.hold_collect = TRUE;
  thread = serve_in_thread (&server);
  wait_until_held (&api);
  g_assert_true (serve (&bench, &qmp));
  g_assert_cmpuint (qmp.injected, ==, 1);
  let_go (&api, &api.hold_collect);
  g_thread_join (thread);
  g_assert_true (server.ok);
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  tear_down (&bench);
}

/* libvirt's injection waits for the gate, and finds a running guest when it is let go. */
static void
test_api_held_in_inject (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  set_up (&bench);
  api.hold_inject = TRUE;
  api.inject_fails = TRUE;
  thread = serve_in_thread (&server);
  for (guint i = 0; i < 1000 && site_count (bench.site, &bench.site->validations) == 0; i++)
    g_usleep (5000);
  wait_until_held (&api);
  g_assert_true (serve (&bench, &qmp));
  g_assert_cmpuint (qmp.injected, ==, 1);
  let_go (&api, &api.hold_inject);
  g_thread_join (thread);
  g_assert_true (server.ok);
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  tear_down (&bench);
}

/* Both at once, the service slow: one asks it, the other waits for its answer. */
static void
test_one_validation (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  set_up (&bench);
  bench.site->hang_ms = 300;
  site_set (bench.site, &bench.site->validate_mode, SITE_HANG);
  thread = serve_in_thread (&server);
  g_assert_true (serve (&bench, &qmp));
  g_thread_join (thread);
  g_assert_true (server.ok);
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_ATTESTED);
  tear_down (&bench);
}

static void
test_one_refusal (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  set_up (&bench);
  site_set (bench.site, &bench.site->validate_mode, SITE_REFUSE);
  thread = serve_in_thread (&server);
  g_assert_false (serve (&bench, &qmp));
  g_thread_join (thread);
  g_assert_false (server.ok);
  g_assert_nonnull (strstr (server.error->message, "permit"));
  g_clear_error (&server.error);
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_FAILED);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  tear_down (&bench);
}

/* An injection that fails before anybody else has injected is a failure. */
static void
test_failing_injection (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");

  set_up (&bench);
  qmp.inject_fails = TRUE;
  g_assert_false (serve (&bench, &qmp));
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_PENDING);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  qmp.inject_fails = FALSE;
  g_assert_true (serve (&bench, &qmp));
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  tear_down (&bench);
}

/* The domain went while the service was asked: there must be no marker afterwards. */
static void
test_gone_meanwhile (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  Server server = { &bench, &qmp, TRUE, NULL };
  GThread *thread;

  set_up (&bench);
  qmp.hold_inject = TRUE;
  thread = serve_in_thread (&server);
  for (guint i = 0; i < 1000 && site_count (bench.site, &bench.site->validations) == 0; i++)
    g_usleep (5000);
  wait_until_held (&qmp);
  va_launch_finish (bench.launch, "it went");
  let_go (&qmp, &qmp.hold_inject);
  g_thread_join (thread);
  g_assert_false (server.ok);
  g_clear_error (&server.error);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_NONE);
  g_assert_false (serve (&bench, &qmp));
  tear_down (&bench);
}

/* Nobody injects anything, so only QEMU's state tells that somebody let the guest run while the service was asked. */
static void
test_refuses_what_ran (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");

  set_up (&bench);
  bench.site->no_secret = TRUE;
  qmp.runs = TRUE;
  g_assert_false (serve (&bench, &qmp));
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_PENDING);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  tear_down (&bench);
}

/* Once it is known that the guest ran, neither a validation under way nor a later one makes it attested. */
static void
test_condemned_meanwhile (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  Server server = { &bench, &qmp, TRUE, NULL };
  GThread *thread;
  g_autofree char *reason = NULL;

  set_up (&bench);
  qmp.hold_inject = TRUE;
  thread = serve_in_thread (&server);
  for (guint i = 0; i < 1000 && site_count (bench.site, &bench.site->validations) == 0; i++)
    g_usleep (5000);
  wait_until_held (&qmp);
  va_launch_trouble (bench.launch, "the service cannot be reached");
  g_assert_true (va_launch_condemn (bench.launch, "it ran"));
  let_go (&qmp, &qmp.hold_inject);
  g_thread_join (thread);
  g_assert_false (server.ok);
  g_clear_error (&server.error);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_FAILED);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  va_launch_trouble (bench.launch, "something else");
  reason = va_launch_reason (bench.launch);
  g_assert_cmpstr (reason, ==, "it ran");
  g_assert_cmpint (va_launch_owed (bench.launch)->state, ==, VA_OUTCOME_FAILED);
  g_assert_false (serve (&bench, &qmp));
  va_launch_finish (bench.launch, NULL);
  g_assert_false (va_launch_condemn (bench.launch, "too late"));
  tear_down (&bench);
}

static void
test_attested_is_not_condemned (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");

  set_up (&bench);
  g_assert_true (serve (&bench, &qmp));
  g_assert_false (va_launch_condemn (bench.launch, "it ran"));
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_ATTESTED);
  tear_down (&bench);
}

/* A record that cannot be written: no yes, and the marker is not left as attested. */
static void
test_refuses_without_record (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  g_autofree char *launches = NULL, *away = NULL;

  set_up (&bench);
  launches = g_build_filename (bench.site->settings->state_dir, "launches", NULL);
  away = g_build_filename (bench.site->settings->state_dir, "away", NULL);
  g_assert_cmpint (rename (launches, away), ==, 0);
  g_assert_false (serve (&bench, &qmp));
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_PENDING);
  g_assert_cmpint (rename (away, launches), ==, 0);
  g_assert_true (serve (&bench, &qmp));
  tear_down (&bench);
}

/* What QEMU printed, at the end of its log. */
static void
append_log (Bench *bench, const char *text)
{
  g_autofree char *path = g_build_filename (bench->site->settings->qemu_log_dir, "confidential.log", NULL);
  FILE *log = fopen (path, "a");

  g_assert_nonnull (log);
  g_assert_cmpint (fputs (text, log), >=, 0);
  g_assert_cmpint (fclose (log), ==, 0);
}

static void
check_owed (Bench *bench, int number, const char *words)
{
  const VaOutcome *owed = va_launch_owed (bench->launch);

  g_assert_cmpint (owed->state, ==, VA_OUTCOME_FAILED);
  g_assert_cmpint (owed->firmware_error, ==, number);
  if (strstr (owed->reason, words) == NULL)
    g_error ("“%s” is not in “%s”", words, owed->reason);
}

static void
test_firmware_error_of_a_qemu_that_ended (void)
{
  Bench bench;

  set_up (&bench);
  make_folder (bench.site->folder, "log");
  append_log (&bench, "sev_launch_start: LAUNCH_START ret=1 fw_error=13 'Invalid ASID'\n");
  va_launch_finish (bench.launch, "the domain ended");
  check_owed (&bench, 13, "all ASIDs are in use: stop a guest");
  tear_down (&bench);
}

/* What an earlier start left in the log says nothing about this one. */
static void
test_firmware_error_of_an_earlier_start (void)
{
  Bench bench;

  set_up (&bench);
  make_folder (bench.site->folder, "log");
  append_log (&bench, "sev_launch_start: LAUNCH_START ret=1 fw_error=13 'Invalid ASID'\n");
  g_assert_true (va_launch_begin (bench.launch, NULL));
  append_log (&bench, "qemu-system-x86_64: cannot open the disk\n");
  va_launch_finish (bench.launch, "the domain ended");
  check_owed (&bench, VA_FIRMWARE_ERROR_NONE, "the domain ended");
  tear_down (&bench);
}

/* The service's word or the agent's own is nearer to the cause than what QEMU says when it is told to end. */
static void
test_firmware_error_after_a_refusal (void)
{
  Bench bench;

  set_up (&bench);
  make_folder (bench.site->folder, "log");
  va_launch_trouble (bench.launch, "the service cannot be reached");
  append_log (&bench, "fw_error=13\n");
  va_launch_finish (bench.launch, "the domain ended");
  check_owed (&bench, VA_FIRMWARE_ERROR_NONE, "cannot be reached");
  tear_down (&bench);
}

static void
test_firmware_error_at_the_injection (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  g_autoptr(GError) error = NULL;

  set_up (&bench);
  qmp.inject_fails = TRUE;
  qmp.inject_words = "SEV: LAUNCH_SECRET ret=1 fw_error=22 'Invalid parameter'";
  g_assert_false (va_launch_serve (bench.launch, &qmp.parent, g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND,
                                   &error));
  g_assert_nonnull (strstr (error->message,
                            "the SEV firmware's error 22 (Invalid parameter): a secret of the wrong size"));
  va_launch_trouble (bench.launch, error->message);
  va_launch_finish (bench.launch, NULL);
  check_owed (&bench, 22, "LAUNCH_SECRET");
  tear_down (&bench);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/launch/api-held-in-collect", test_api_held_in_collect);
  g_test_add_func ("/host/launch/api-held-in-inject", test_api_held_in_inject);
  g_test_add_func ("/host/launch/one-validation", test_one_validation);
  g_test_add_func ("/host/launch/one-refusal", test_one_refusal);
  g_test_add_func ("/host/launch/failing-injection", test_failing_injection);
  g_test_add_func ("/host/launch/gone-meanwhile", test_gone_meanwhile);
  g_test_add_func ("/host/launch/refuses-what-ran", test_refuses_what_ran);
  g_test_add_func ("/host/launch/condemned-meanwhile", test_condemned_meanwhile);
  g_test_add_func ("/host/launch/attested-is-not-condemned", test_attested_is_not_condemned);
  g_test_add_func ("/host/launch/refuses-without-record", test_refuses_without_record);
  g_test_add_func ("/host/launch/firmware-error", test_firmware_error_of_a_qemu_that_ended);
  g_test_add_func ("/host/launch/firmware-error-of-an-earlier-start", test_firmware_error_of_an_earlier_start);
  g_test_add_func ("/host/launch/firmware-error-after-a-refusal", test_firmware_error_after_a_refusal);
  g_test_add_func ("/host/launch/firmware-error-at-the-injection", test_firmware_error_at_the_injection);
  return g_test_run ();
}
