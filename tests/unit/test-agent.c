/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent-fixture.h"
#include "core/ask.h"
#include "core/error.h"
#include "core/file.h"
#include "core/monitor-path.h"
#include "core/process.h"

/* The life of a launch and of the agent. */

static void
test_launch (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);
  g_autofree char *running = NULL, *ended = NULL, *hash = NULL;
  guint64 address;

  assert_yes (&host, qemu.pid);
  g_assert_cmpuint (fake_qemu_injected (&qemu, &address), ==, 1);
  g_assert_cmpuint (address, ==, SITE_SECRET_ADDRESS);
  g_assert_cmpuint (host.site->seen->context.api_minor, ==, 51);
  g_assert_cmpuint (host.site->seen->cpu_count, ==, 2);
  g_assert_true (host.site->seen->has_firmware_hash);
  g_assert_cmpuint (host.site->seen->measurement[0], ==, 0x44);
  running = site_wait_outcome (host.site, id, "running");
  g_assert_true (g_str_has_suffix (running, "|granted,gate,measured,validated,injected,answered,"));
  assert_yes (&host, qemu.pid);
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 1);
  g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 1);
  fake_qemu_kill (&qemu);
  ended = site_wait_outcome (host.site, id, "ended");
  wait_until_clean (&host, id);
  g_assert_cmpuint (site_outcomes (host.site), ==, 2);
  tear_down (&host);
}

static void
test_no_secret (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);

  host.site->no_secret = TRUE;
  host.site->secret_address = 0;
  assert_yes (&host, qemu.pid);
  g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 0);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* Trouble is not a no: whoever resumes later gets another try. */
static gint64
time_refusal (Host *host, const char *why)
{
  gint64 begin = g_get_monotonic_time ();

  assert_refused (host, NULL, why);
  return g_get_monotonic_time () - begin;
}

/* The first start waits for all of its deadline; those soon after it do not, and the first answer ends that. */
static void
test_silent_service (void)
{
  Host host = set_up ();
  g_autofree char *id = NULL;

  host.site->settings->deadline_ms = 6000;
  host.site->hang_ms = 6500;
  site_set (host.site, &host.site->launch_mode, SITE_HANG);
  g_assert_cmpint (time_refusal (&host, "did not answer within"), >=, 5500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (time_refusal (&host, "an earlier request was not answered"), <, 4500 * G_TIME_SPAN_MILLISECOND);
  site_set (host.site, &host.site->launch_mode, SITE_OK);
  id = grant (&host);
  g_assert_cmpint (marker (&host).state, ==, VA_MARKER_PENDING);
  tear_down (&host);
}

static gpointer
start_service_later (gpointer data)
{
  g_usleep (800000);
  site_start_service (data);
  return NULL;
}

/* A start at boot waits for a service, or a network, that is not there yet. */
static void
test_service_comes_late (void)
{
  Host host = set_up ();
  g_autofree char *id = NULL;
  GThread *thread;

  host.site->settings->deadline_ms = 15000;
  site_stop_service (host.site);
  thread = g_thread_new ("late", start_service_later, host.site);
  id = grant (&host);
  g_thread_join (thread);
  tear_down (&host);
}

static void
test_release (void)
{
  Host host = set_up ();
  g_autofree char *xml = site_domain (host.site, NULL);
  g_autofree char *id = grant (&host);
  g_autofree char *answer = ask_hook (&host, "release", xml);
  g_autofree char *failed = NULL;

  g_assert_cmpstr (answer, ==, "pass\n");
  failed = site_wait_outcome (host.site, id, "failed");
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* A start without a release in between: the launch before is over, and its marker is not the new one's. */
static void
test_start_anew (void)
{
  Host host = set_up ();
  g_autofree char *first = grant (&host);
  g_autofree char *second = grant (&host);
  g_autofree char *failed = site_wait_outcome (host.site, first, "failed");
  FakeQemu qemu = start_qemu (&host);

  g_assert_cmpstr (first, !=, second);
  assert_yes (&host, qemu.pid);
  g_assert_cmpint (marker (&host).state, ==, VA_MARKER_ATTESTED);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, second);
  tear_down (&host);
}

static void
test_restart_pending (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);
  g_autofree char *running = NULL;

  stop_agent (&host);
  g_assert_cmpint (marker (&host).state, ==, VA_MARKER_PENDING);
  start_agent (&host);
  assert_yes (&host, qemu.pid);
  running = site_wait_outcome (host.site, id, "running");
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_restart_attested (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);
  g_autofree char *ended = NULL;

  assert_yes (&host, qemu.pid);
  stop_agent (&host);
  start_agent (&host);
  assert_yes (&host, qemu.pid);
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 1);
  stop_agent (&host);
  fake_qemu_kill (&qemu);
  start_agent (&host);
  ended = site_wait_outcome (host.site, id, "ended");
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* The agent died between the marker and the record: the marker is believed, since only an injection is before it. */
static void
test_restart_between_marker_and_record (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);
  g_autofree char *running = NULL;
  guint64 start;

  stop_agent (&host);
  g_assert_true (va_process_start_time (qemu.pid, &start, NULL));
  g_assert_true (va_marker_write_attested (host.site->settings->run_dir, SITE_UUID, qemu.pid, start, NULL));
  start_agent (&host);
  running = site_wait_outcome (host.site, id, "running");
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* … but not for a process that is no more, nor after a boot. */
static void
test_restart_dead (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *record = record_path (&host, id);
  g_autofree char *boot = va_boot_id ();
  g_autofree char *text = NULL, *failed = NULL, *other = NULL;
  g_auto(GStrv) parts = NULL;

  stop_agent (&host);
  text = va_file_read_text (record, 65536, NULL);
  parts = g_strsplit (text, boot, -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  other = g_strjoinv ("00000000-1111-4222-8333-444444444444", parts);
  g_assert_true (va_file_write (record, other, strlen (other), 0600, NULL));
  start_agent (&host);
  failed = site_wait_outcome (host.site, id, "failed");
  for (guint i = 0; i < 1000 && g_file_test (record, G_FILE_TEST_EXISTS); i++)
    g_usleep (10000);
  g_assert_false (g_file_test (record, G_FILE_TEST_EXISTS));
  tear_down (&host);
}

static void
test_outcomes_wait (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *record = record_path (&host, id);
  FakeQemu qemu = start_qemu (&host);
  g_autofree char *running = NULL, *ended = NULL;

  site_set (host.site, &host.site->outcome_mode, SITE_TROUBLE);
  assert_yes (&host, qemu.pid);
  fake_qemu_kill (&qemu);
  for (guint i = 0; i < 500 && marker (&host).state != VA_MARKER_NONE; i++)
    g_usleep (10000);
  g_assert_cmpint (marker (&host).state, ==, VA_MARKER_NONE);
  stop_agent (&host);
  g_assert_true (g_file_test (record, G_FILE_TEST_EXISTS));
  site_stop_service (host.site);
  start_agent (&host);
  site_set (host.site, &host.site->outcome_mode, SITE_OK);
  site_start_service (host.site);
  running = site_wait_outcome (host.site, id, "running");
  ended = site_wait_outcome (host.site, id, "ended");
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_outcomes_end_with_404 (void)
{
  Host host = set_up ();
  g_autofree char *xml = site_domain (host.site, NULL);
  g_autofree char *id = grant (&host);
  g_autofree char *answer = NULL;

  site_set (host.site, &host.site->outcome_mode, SITE_REFUSE);
  answer = ask_hook (&host, "release", xml);
  wait_until_clean (&host, id);
  g_assert_cmpuint (site_outcomes (host.site), ==, 1);
  tear_down (&host);
}

static void
test_one_agent (void)
{
  Host host = set_up ();
  g_autoptr(GError) error = NULL;
  g_autoptr(VaAgent) second = va_agent_start (host.site->settings, &error);
  g_autofree char *answer = NULL;

  g_assert_null (second);
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS);
  answer = ask_gate (&host, SITE_UUID, getpid ());
  g_assert_true (g_str_has_prefix (answer, "no\n"));
  tear_down (&host);
}

static void
assert_mode (Host *host, const char *name, mode_t mode)
{
  g_autofree char *path = g_build_filename (host->site->settings->run_dir, name, NULL);
  struct stat info;

  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, mode);
}

static void
test_modes (void)
{
  mode_t before = umask (0);
  Host host = set_up ();

  assert_mode (&host, "", 0711);
  assert_mode (&host, "hook.sock", 0600);
  assert_mode (&host, "gate.sock", 0600);
  assert_mode (&host, "domains", 0700);
  assert_mode (&host, "qmp", 0711);
  umask (before);
  tear_down (&host);
}

static void
test_oversized_question (void)
{
  Host host = set_up ();
  g_autofree char *path = g_build_filename (host.site->settings->run_dir, "gate.sock", NULL);
  g_autofree char *long_text = g_strnfill (100000, 'x');
  g_autoptr(GBytes) answer = va_ask (path, long_text, 100000, 5000, 1000, NULL);
  g_autofree char *next = ask_gate (&host, SITE_UUID, getpid ());

  g_assert_true (answer == NULL || g_bytes_get_size (answer) == 0);
  g_assert_true (g_str_has_prefix (next, "no\n"));
  tear_down (&host);
}

#define MANY 12

typedef struct {
  Host *host;
  char *uuid;
} One;

/* Hook, QEMU and gate of one domain out of many. */
static gpointer
launch_one (gpointer data)
{
  One *one = data;
  g_autofree char *change = g_strconcat (SITE_UUID "|", one->uuid, NULL);
  g_autofree char *xml = site_domain (one->host->site, change);
  g_autofree char *granted = ask_hook (one->host, "start", xml);
  g_autofree char *path = va_monitor_path (one->host->site->settings->run_dir, one->uuid);
  g_autofree char *answer = NULL;
  FakeQemu qemu;

  g_assert_true (g_str_has_prefix (granted, "grant\n"));
  qemu = fake_qemu_start (path);
  answer = ask_gate (one->host, one->uuid, qemu.pid);
  g_assert_cmpstr (answer, ==, "yes\n");
  g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 1);
  kill (qemu.pid, SIGKILL);
  g_free (qemu.path);
  return NULL;
}

static void
test_many (void)
{
  Host host = set_up ();
  GThread *threads[MANY];
  One ones[MANY];

  /* It is not about time: with sanitizers, beside other tests, so many handshakes at once take some. */
  host.site->settings->deadline_ms = 15000;
  for (guint i = 0; i < MANY; i++)
    {
      ones[i] = (One){ &host, g_strdup_printf ("6f1d2c3b-4a59-4e87-9d10-%012u", i) };
      threads[i] = g_thread_new ("launch", launch_one, &ones[i]);
    }
  for (guint i = 0; i < MANY; i++)
    {
      g_thread_join (threads[i]);
      g_free (ones[i].uuid);
    }
  for (guint i = 0; i < 1000 && site_outcomes (host.site) < 2 * MANY; i++)
    g_usleep (10000);
  g_assert_cmpuint (site_outcomes (host.site), ==, 2 * MANY);
  tear_down (&host);
}

int
main (int argc, char *argv[])
{
  fake_qemu_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/silent-service", test_silent_service);
  g_test_add_func ("/agent/service-comes-late", test_service_comes_late);
  g_test_add_func ("/agent/launch", test_launch);
  g_test_add_func ("/agent/no-secret", test_no_secret);
  g_test_add_func ("/agent/many", test_many);
  g_test_add_func ("/agent/release", test_release);
  g_test_add_func ("/agent/start-anew", test_start_anew);
  g_test_add_func ("/agent/restart/pending", test_restart_pending);
  g_test_add_func ("/agent/restart/attested", test_restart_attested);
  g_test_add_func ("/agent/restart/between-marker-and-record", test_restart_between_marker_and_record);
  g_test_add_func ("/agent/restart/dead", test_restart_dead);
  g_test_add_func ("/agent/outcomes/wait", test_outcomes_wait);
  g_test_add_func ("/agent/outcomes/end-with-404", test_outcomes_end_with_404);
  g_test_add_func ("/agent/one-agent", test_one_agent);
  g_test_add_func ("/agent/modes", test_modes);
  g_test_add_func ("/agent/oversized-question", test_oversized_question);
  return g_test_run ();
}
