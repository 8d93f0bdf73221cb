/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "launch-fixture.h"
#include "tee/sev/firmware-error.h"

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

  bench_open (&bench);
  api.hold_collect = TRUE;
  thread = serve_in_thread (&server);
  wait_until_held (&api);
  g_assert_true (serve (&bench, &qmp));
  g_assert_cmpuint (qmp.injected, ==, 1);
  let_go (&api, &api.hold_collect);
  g_thread_join (thread);
  g_assert_true (server.ok);
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  bench_close (&bench);
}

/* libvirt's injection waits for the gate, and finds a running guest when it is let go. */
static void
test_api_held_in_inject (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  bench_open (&bench);
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
  bench_close (&bench);
}

/* Both at once, the service slow: one asks it, the other waits for its answer. */
static void
test_one_validation (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  bench_open (&bench);
  bench.site->hang_ms = 300;
  site_set (bench.site, &bench.site->validate_mode, SITE_HANG);
  thread = serve_in_thread (&server);
  g_assert_true (serve (&bench, &qmp));
  g_thread_join (thread);
  g_assert_true (server.ok);
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_ATTESTED);
  bench_close (&bench);
}

static void
test_one_refusal (void)
{
  Bench bench;
  Scripted api = scripted ("libvirt"), qmp = scripted ("QMP");
  Server server = { &bench, &api, FALSE, NULL };
  GThread *thread;

  bench_open (&bench);
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
  bench_close (&bench);
}

/* An injection that fails before anybody else has injected is a failure. */
static void
test_failing_injection (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");

  bench_open (&bench);
  qmp.inject_fails = TRUE;
  g_assert_false (serve (&bench, &qmp));
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_PENDING);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  qmp.inject_fails = FALSE;
  g_assert_true (serve (&bench, &qmp));
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  bench_close (&bench);
}

/* The domain went while the service was asked: there must be no marker afterwards. */
static void
test_gone_meanwhile (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  Server server = { &bench, &qmp, TRUE, NULL };
  GThread *thread;

  bench_open (&bench);
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
  bench_close (&bench);
}

/* Nobody injects anything, so only QEMU's state tells that somebody let the guest run while the service was asked. */
static void
test_refuses_what_ran (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");

  bench_open (&bench);
  bench.site->no_secret = TRUE;
  qmp.runs = TRUE;
  g_assert_false (serve (&bench, &qmp));
  g_assert_cmpuint (site_count (bench.site, &bench.site->validations), ==, 1);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_PENDING);
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  bench_close (&bench);
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

  bench_open (&bench);
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
  bench_close (&bench);
}

static void
test_attested_is_not_condemned (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");

  bench_open (&bench);
  g_assert_true (serve (&bench, &qmp));
  g_assert_false (va_launch_condemn (bench.launch, "it ran"));
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_ATTESTED);
  bench_close (&bench);
}

/* A record that cannot be written: no yes, and the marker is not left as attested. */
static void
test_refuses_without_record (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  g_autofree char *launches = NULL, *away = NULL;

  bench_open (&bench);
  launches = g_build_filename (bench.site->settings->state_dir, "launches", NULL);
  away = g_build_filename (bench.site->settings->state_dir, "away", NULL);
  g_assert_cmpint (rename (launches, away), ==, 0);
  g_assert_false (serve (&bench, &qmp));
  g_assert_cmpint (va_marker_read (bench.site->settings->run_dir, SITE_UUID).state, ==, VA_MARKER_PENDING);
  g_assert_cmpint (va_launch_state (bench.launch), ==, VA_HOST_LAUNCH_PENDING);
  g_assert_cmpint (rename (away, launches), ==, 0);
  g_assert_true (serve (&bench, &qmp));
  bench_close (&bench);
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
  return g_test_run ();
}
