/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent-fixture.h"
#include "core/error.h"
#include "core/file.h"
#include "core/monitor-path.h"
#include "core/process.h"

/* What the agent answers to the gate, and what it does with the second monitor. */

static gboolean
has_monitor (Host *host)
{
  const char *run_dir = host->site->settings->run_dir;
  g_autofree char *socket = va_monitor_path (run_dir, SITE_UUID), *folder = g_path_get_dirname (socket);
  g_autofree char *taken = g_build_filename (run_dir, "monitors", SITE_UUID, NULL);

  return g_file_test (folder, G_FILE_TEST_EXISTS) || g_file_test (taken, G_FILE_TEST_EXISTS);
}

/* Others find no way to the monitor from the first question on, and nobody does once the launch is attested. */
static void
test_monitor_is_taken (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *socket = va_monitor_path (host.site->settings->run_dir, SITE_UUID);
  FakeQemu qemu = start_qemu (&host);

  site_set (host.site, &host.site->validate_mode, SITE_TROUBLE);
  assert_no (&host, qemu.pid, "store");
  g_assert_false (g_file_test (socket, G_FILE_TEST_EXISTS));
  g_assert_true (has_monitor (&host));
  stop_agent (&host);
  start_agent (&host);
  site_set (host.site, &host.site->validate_mode, SITE_OK);
  assert_yes (&host, qemu.pid);
  g_assert_false (has_monitor (&host));
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* Another process is at the place of the monitor: it is refused, and its socket is not in the way of QEMU's own. */
static void
test_monitor_of_another (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *socket = va_monitor_path (host.site->settings->run_dir, SITE_UUID);
  g_autofree char *elsewhere = g_build_filename (host.site->folder, "elsewhere", NULL);
  g_autofree char *folder = g_path_get_dirname (socket);
  FakeQemu other = fake_qemu_start (elsewhere), qemu;

  g_assert_true (va_folder_make (folder, 0700, NULL));
  g_assert_cmpint (rename (elsewhere, socket), ==, 0);
  assert_no (&host, getpid (), "a process other than");
  qemu = start_qemu (&host);
  assert_yes (&host, qemu.pid);
  fake_qemu_kill (&other);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* Domains that were prepared before the folder got the name of the domain's AppArmor profile. */
static void
test_older_monitor (void)
{
  Host host = set_up ();
  const char *run_dir = host.site->settings->run_dir;
  g_autofree char *xml = site_domain (host.site, "/libvirt-" SITE_UUID "/|/" SITE_UUID "/");
  g_autofree char *answer = ask_hook (&host, "start", xml);
  g_autofree char *socket = va_monitor_path_older (run_dir, SITE_UUID), *folder = g_path_get_dirname (socket);
  FakeQemu qemu = fake_qemu_start (socket);

  g_assert_true (g_str_has_prefix (answer, "grant\n"));
  assert_yes (&host, qemu.pid);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  fake_qemu_kill (&qemu);
  tear_down (&host);
}

/* QEMU measures its firmware all the same, and then takes its memory from elsewhere. */
static void
test_gate_refuses_restored (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *path = va_monitor_path (host.site->settings->run_dir, SITE_UUID);
  FakeQemu qemu = fake_qemu_start_with (path, "-incoming");
  g_autofree char *failed = NULL;

  assert_no (&host, qemu.pid, "cannot be restored");
  failed = site_wait_outcome (host.site, id, "failed");
  g_assert_nonnull (strstr (failed, "cannot be restored"));
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 0);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_gate_refuses_strangers (void)
{
  Host host = set_up ();
  g_autofree char *unknown = ask_gate (&host, SITE_UUID, getpid ());
  g_autofree char *nonsense = ask (&host, "gate.sock", "virt-attest gate 1\n");
  g_autofree char *id = NULL, *failed = NULL;
  FakeQemu qemu;

  g_assert_nonnull (strstr (unknown, "no launch"));
  g_assert_true (g_str_has_prefix (nonsense, "no\n"));
  id = grant (&host);
  qemu = start_qemu (&host);
  assert_no (&host, getpid (), "a process other than");
  assert_no (&host, 0x3fffffff, "no\n");
  g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 0);
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 0);
  assert_yes (&host, qemu.pid);
  assert_yes (&host, qemu.pid);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* What QEMU says decides before the service is asked. */
static void
test_gate_refuses_states (void)
{
  static const struct {
    const char *set, *back, *why;
  } cases[] = {
    { "{\"status\": \"running\"}", "{\"status\": \"prelaunch\"}", "prelaunch" },
    { "{\"status\": \"paused\"}", "{\"status\": \"prelaunch\"}", "prelaunch" },
    { "{\"state\": \"running\"}", "{\"state\": \"launch-secret\"}", "launch-secret" },
    { "{\"state\": \"launch-update\"}", "{\"state\": \"launch-secret\"}", "launch-secret" },
    { "{\"policy\": 0}", "{\"policy\": 1}", "policy" },
  };
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      fake_qemu_set (&qemu, cases[i].set);
      assert_no (&host, qemu.pid, cases[i].why);
      fake_qemu_set (&qemu, cases[i].back);
    }
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 0);
  assert_yes (&host, qemu.pid);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_gate_refuses_injection (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *failed = NULL;
  FakeQemu qemu = start_qemu (&host);

  fake_qemu_set (&qemu, "{\"inject\": \"fw_error=11 'Bad measurement'\"}");
  assert_no (&host, qemu.pid, "Bad measurement");
  fake_qemu_kill (&qemu);
  failed = site_wait_outcome (host.site, id, "failed");
  g_assert_nonnull (strstr (failed, "Bad measurement"));
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_gate_refuses_addresses (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);

  host.site->secret_address = 0x820000;
  assert_no (&host, qemu.pid, "0x820000");
  g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 0);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* A firmware that the agent cannot read, and a service that does not know it: there is no address to be had. */
static void
test_gate_refuses_unknown_address (void)
{
  Host host = set_up ();
  g_autofree char *change = g_strdup_printf ("%s|/nonexistent/firmware", host.site->firmware);
  g_autofree char *xml = site_domain (host.site, change);
  g_autofree char *answer = ask_hook (&host, "start", xml);
  g_autofree char *id = site_last_launch (host.site);
  FakeQemu qemu = start_qemu (&host);

  g_assert_true (g_str_has_prefix (answer, "grant\n"));
  host.site->secret_address = 0;
  assert_no (&host, qemu.pid, "secret area is unknown");
  g_assert_false (host.site->seen->has_firmware_hash);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* Without a secret the firmware needs no area for one; with a secret, it does. */
static void
test_firmware_without_area (void)
{
  for (guint with_secret = 0; with_secret < 2; with_secret++)
    {
      Host host = set_up ();
      g_autofree char *bare = site_bare_firmware (host.site);
      g_autofree char *change = g_strdup_printf ("%s|%s", host.site->firmware, bare);
      g_autofree char *xml = site_domain (host.site, change);
      g_autofree char *answer = ask_hook (&host, "start", xml);
      g_autofree char *id = site_last_launch (host.site);
      FakeQemu qemu = start_qemu (&host);

      g_assert_true (g_str_has_prefix (answer, "grant\n"));
      host.site->no_secret = !with_secret;
      if (with_secret)
        assert_no (&host, qemu.pid, "no secret area");
      else
        assert_yes (&host, qemu.pid);
      g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 0);
      g_assert_true (host.site->seen->has_firmware_hash);
      fake_qemu_kill (&qemu);
      wait_until_clean (&host, id);
      tear_down (&host);
    }
}

/* The service's no is final: it is told once, and stays when somebody resumes later. */
static void
test_gate_refuses_for_service (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *failed = NULL;
  FakeQemu qemu = start_qemu (&host);

  site_set (host.site, &host.site->validate_mode, SITE_REFUSE);
  assert_no (&host, qemu.pid, "the service refused: the permit is used up");
  failed = site_wait_outcome (host.site, id, "failed");
  site_set (host.site, &host.site->validate_mode, SITE_OK);
  assert_no (&host, qemu.pid, "the service refused: the permit is used up");
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 1);
  g_assert_cmpint (marker (&host).state, ==, VA_MARKER_PENDING);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  g_assert_cmpuint (site_outcomes (host.site), ==, 1);
  tear_down (&host);
}

static void
test_gate_survives_trouble (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  FakeQemu qemu = start_qemu (&host);
  gint64 begin;

  site_set (host.site, &host.site->validate_mode, SITE_TROUBLE);
  assert_no (&host, qemu.pid, "store-unavailable");
  site_stop_service (host.site);
  assert_no (&host, qemu.pid, "cannot reach");
  site_start_service (host.site);
  host.site->settings->deadline_ms = 500;
  host.site->hang_ms = 2500;
  site_set (host.site, &host.site->validate_mode, SITE_HANG);
  begin = g_get_monotonic_time ();
  assert_no (&host, qemu.pid, "did not answer within");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_TIME_SPAN_SECOND);
  host.site->settings->deadline_ms = 3000;
  site_set (host.site, &host.site->validate_mode, SITE_OK);
  assert_yes (&host, qemu.pid);
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

/* A guest that QEMU would launch again when it is reset does not run before QEMU was told not to. */
static void
test_ends_at_reset (void)
{
  Host host = set_up ();
  g_autofree char *xml = site_domain (host.site, "<policy>0x0001|<policy>0x0005");
  g_autofree char *answer = NULL, *id = NULL, *before = NULL, *after = NULL;
  FakeQemu qemu;

  host.site->policy = 5;
  answer = ask_hook (&host, "start", xml);
  id = site_last_launch (host.site);
  g_assert_true (g_str_has_prefix (answer, "grant\n"));
  qemu = start_qemu (&host);
  fake_qemu_set (&qemu, "{\"policy\": 5, \"action\": \"GenericError\"}");
  assert_no (&host, qemu.pid, "set-action");
  g_assert_cmpuint (site_count (host.site, &host.site->validations), ==, 0);
  before = fake_qemu_reboot (&qemu);
  g_assert_cmpstr (before, ==, "reset");
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  g_free (answer);
  answer = ask_hook (&host, "start", xml);
  qemu = start_qemu (&host);
  fake_qemu_set (&qemu, "{\"policy\": 5}");
  assert_yes (&host, qemu.pid);
  after = fake_qemu_reboot (&qemu);
  g_assert_cmpstr (after, ==, "shutdown");
  fake_qemu_kill (&qemu);
  tear_down (&host);
}

/* One that QEMU resets as it is stays as its XML says. */
static void
test_may_be_reset (void)
{
  Host host = set_up ();
  g_autofree char *id = grant (&host);
  g_autofree char *reboot = NULL;
  FakeQemu qemu = start_qemu (&host);

  assert_yes (&host, qemu.pid);
  reboot = fake_qemu_reboot (&qemu);
  g_assert_cmpstr (reboot, ==, "reset");
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

int
main (int argc, char *argv[])
{
  fake_qemu_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/monitor/is-taken", test_monitor_is_taken);
  g_test_add_func ("/agent/monitor/of-another", test_monitor_of_another);
  g_test_add_func ("/agent/monitor/older", test_older_monitor);
  g_test_add_func ("/agent/gate-refuses/restored", test_gate_refuses_restored);
  g_test_add_func ("/agent/firmware-without-area", test_firmware_without_area);
  g_test_add_func ("/agent/gate-refuses/strangers", test_gate_refuses_strangers);
  g_test_add_func ("/agent/gate-refuses/states", test_gate_refuses_states);
  g_test_add_func ("/agent/gate-refuses/injection", test_gate_refuses_injection);
  g_test_add_func ("/agent/gate-refuses/addresses", test_gate_refuses_addresses);
  g_test_add_func ("/agent/gate-refuses/unknown-address", test_gate_refuses_unknown_address);
  g_test_add_func ("/agent/gate-refuses/service", test_gate_refuses_for_service);
  g_test_add_func ("/agent/gate-refuses/trouble", test_gate_survives_trouble);
  g_test_add_func ("/agent/ends-at-reset", test_ends_at_reset);
  g_test_add_func ("/agent/may-be-reset", test_may_be_reset);
  return g_test_run ();
}
