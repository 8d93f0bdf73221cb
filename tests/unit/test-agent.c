/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/ask.h"
#include "core/error.h"
#include "core/file.h"
#include "core/monitor-path.h"
#include "core/process.h"
#include "fake-qemu.h"
#include "host/agent.h"
#include "host/launch/marker.h"
#include "host-site.h"

/* A whole agent: real sockets, real TLS to a service that obeys the test, and processes that play QEMU. */

typedef struct {
  Site *site;
  VaAgent *agent;
  GMainLoop *loop;
  GThread *thread;
} Host;

static gpointer
run_loop (gpointer data)
{
  g_main_loop_run (data);
  return NULL;
}

static void
start_agent (Host *host)
{
  g_autoptr(GError) error = NULL;

  host->agent = va_agent_start (host->site->settings, &error);
  g_assert_no_error (error);
  host->loop = g_main_loop_new (NULL, FALSE);
  host->thread = g_thread_new ("loop", run_loop, host->loop);
  /* To quit a loop before it runs does nothing. */
  while (!g_main_loop_is_running (host->loop))
    g_usleep (1000);
}

static void
stop_agent (Host *host)
{
  g_main_loop_quit (host->loop);
  g_thread_join (host->thread);
  g_main_loop_unref (host->loop);
  va_agent_stop (host->agent);
  host->agent = NULL;
}

static Host
set_up (void)
{
  Host host = { .site = site_new () };

  site_platform (host.site);
  start_agent (&host);
  return host;
}

static void
tear_down (Host *host)
{
  if (host->agent != NULL)
    stop_agent (host);
  site_free (host->site);
}

static char *
ask (Host *host, const char *socket, const char *question)
{
  g_autofree char *path = g_build_filename (host->site->settings->run_dir, socket, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer = va_ask (path, question, strlen (question), 20000, 65536, &error);

  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (answer, NULL), g_bytes_get_size (answer));
}

static char *
ask_hook (Host *host, const char *verb, const char *xml)
{
  g_autofree char *question = g_strdup_printf ("virt-attest hook 1\n%s %d\n\n%s", verb, (int) getpid (), xml);

  return ask (host, "hook.sock", question);
}

static char *
ask_gate (Host *host, const char *uuid, pid_t pid)
{
  g_autofree char *question = g_strdup_printf ("virt-attest gate 1\nuuid %s\npid %d\n", uuid, (int) pid);

  return ask (host, "gate.sock", question);
}

static VaMarker
marker (Host *host)
{
  return va_marker_read (host->site->settings->run_dir, SITE_UUID);
}

/* Starts the domain as far as the hook; the launch-id. */
static char *
grant (Host *host)
{
  g_autofree char *xml = site_domain (host->site, NULL);
  g_autofree char *answer = ask_hook (host, "start", xml);
  g_auto(GStrv) lines = g_strsplit (answer, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), ==, 6);
  g_assert_cmpstr (lines[0], ==, "grant");
  g_assert_cmpstr (lines[4], ==, "end");
  g_assert_cmpint (marker (host).state, ==, VA_MARKER_PENDING);
  return g_strdup (lines[1]);
}

static FakeQemu
start_qemu (Host *host)
{
  g_autofree char *path = va_monitor_path (host->site->settings->run_dir, SITE_UUID);

  return fake_qemu_start (path);
}

static char *
record_path (Host *host, const char *id)
{
  g_autofree char *name = g_strconcat (id, ".json", NULL);

  return g_build_filename (host->site->settings->state_dir, "launches", name, NULL);
}

/* Nothing of the domain is left: marker, monitor's folder, record. */
static void
wait_until_clean (Host *host, const char *id)
{
  g_autofree char *record = record_path (host, id);
  g_autofree char *monitor = va_monitor_path (host->site->settings->run_dir, SITE_UUID);
  g_autofree char *folder = g_path_get_dirname (monitor);

  for (guint i = 0; i < 1000 && g_file_test (record, G_FILE_TEST_EXISTS); i++)
    g_usleep (10000);
  g_assert_false (g_file_test (record, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_assert_cmpint (marker (host).state, ==, VA_MARKER_NONE);
}

static void
assert_refused (Host *host, const char *change, const char *why)
{
  g_autofree char *xml = site_domain (host->site, change);
  g_autofree char *answer = ask_hook (host, "start", xml);

  if (!g_str_has_prefix (answer, "refuse\n") || strstr (answer, why) == NULL)
    g_error ("“%.200s” instead of a refusal with “%s”", answer, why);
  g_assert_cmpint (marker (host).state, ==, VA_MARKER_NONE);
}

static void
assert_no (Host *host, pid_t pid, const char *why)
{
  g_autofree char *answer = ask_gate (host, SITE_UUID, pid);

  if (!g_str_has_prefix (answer, "no\n") || strstr (answer, why) == NULL)
    g_error ("“%s” instead of a no with “%s”", answer, why);
  g_assert_cmpint (marker (host).state, !=, VA_MARKER_ATTESTED);
}

static void
assert_yes (Host *host, pid_t pid)
{
  g_autofree char *answer = ask_gate (host, SITE_UUID, pid);
  VaMarker now = marker (host);
  guint64 start;

  g_assert_cmpstr (answer, ==, "yes\n");
  g_assert_cmpint (now.state, ==, VA_MARKER_ATTESTED);
  g_assert_cmpint (now.pid, ==, pid);
  g_assert_true (va_process_start_time (pid, &start, NULL));
  g_assert_cmpuint (now.start, ==, start);
}

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
  assert_no (&host, getpid (), "another process");
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
test_passes (void)
{
  Host host = set_up ();
  g_autofree char *plain = site_domain (host.site, "urn:virt-attest:launch:1|urn:another");
  g_autofree char *first = ask_hook (&host, "start", plain);
  g_autofree char *second = NULL;

  g_assert_cmpstr (first, ==, "pass\n");
  g_assert_true (va_marker_write_pending (host.site->settings->run_dir, SITE_UUID, NULL));
  second = ask_hook (&host, "start", plain);
  g_assert_cmpstr (second, ==, "pass\n");
  g_assert_cmpint (marker (&host).state, ==, VA_MARKER_NONE);
  g_assert_cmpuint (site_count (host.site, &host.site->launches), ==, 0);
  tear_down (&host);
}

static void
test_hook_refuses_domains (void)
{
  Host host = set_up ();
  g_autofree char *path = g_build_filename (host.site->folder, "zeros.fd", NULL);
  g_autofree char *change = g_strdup_printf ("%s|%s", host.site->firmware, path);
  g_autofree char *zeros = g_malloc0 (4096), *kernel = g_build_filename (host.site->folder, "vmlinux", NULL);
  g_autofree char *elf = g_strdup_printf ("</os>\n  <launchSecurity type='sev'>|<kernel>%s</kernel></os>\n"
                                          "  <launchSecurity type='sev' kernelHashes='yes'>", kernel);
  g_autofree char *garbage = ask_hook (&host, "start", "<domain");
  g_autofree char *nonsense = ask (&host, "hook.sock", "hello\n");

  g_assert_true (va_file_write (path, zeros, 4096, 0644, NULL));
  g_assert_true (g_str_has_prefix (garbage, "refuse\n"));
  g_assert_true (g_str_has_prefix (nonsense, "refuse\n"));
  assert_refused (&host, "<session>QUFBQQ==</session>|", "virt-attest domain prepare");
  assert_refused (&host, "<dhCert>QUFBQQ==</dhCert>|", "virt-attest domain prepare");
  assert_refused (&host, "/monitor.sock|/other.sock", "virt-attest domain prepare");
  assert_refused (&host, "type='sev'|type='s390-pv'", "launchSecurity");
  /* QEMU would run each of these without SEV, or not at all; no launch is begun for them. */
  assert_refused (&host, "<domain type='kvm'|<domain type='qemu'", "TCG");
  assert_refused (&host, "<domain type='kvm'|<domain type='xen'", "type is 'xen'");
  assert_refused (&host, "arch='x86_64' machine='q35'|arch='aarch64' machine='virt'", "aarch64");
  assert_refused (&host, "machine='q35'|machine='isapc'", "isapc");
  assert_refused (&host, "</launchSecurity>|</launchSecurity><launchSecurity type='sev'><policy>5</policy></launchSecurity>",
                  "<launchSecurity> 2 times");
  assert_refused (&host, "<policy>0x0001|<policy>0x30001", "SEV-SNP");
  assert_refused (&host, "mode=\"required\"|mode=\"perhaps\"", "mode");
  assert_refused (&host, "mode=\"required\"|mode=\"required\" x=\"y\"", "x");
  assert_refused (&host, change, "zeros.fd: this is not x86 firmware");
  g_assert_true (va_file_write (kernel, "\177ELF", 4, 0644, NULL));
  assert_refused (&host, elf, "vmlinux: this kernel is an ELF image");
  /* The site's firmware has a secret area, but none for hashes. */
  assert_refused (&host, "</os>\n  <launchSecurity type='sev'>|<kernel>/boot/k</kernel></os>\n"
                         "  <launchSecurity type='sev' kernelHashes='yes'>", "no room for the hashes");
  g_assert_cmpuint (site_count (host.site, &host.site->launches), ==, 0);
  tear_down (&host);
}

/* Whose registration it is comes from the domain's metadata, and from nowhere else. */
static void
test_owner (void)
{
  Host host = set_up ();
  g_autofree char *plain = site_domain (host.site, NULL);
  g_autofree char *owned = site_domain (host.site, "mode=\"required\"|owner=\"alice\" mode=\"required\"");
  g_autofree char *first = NULL, *named = NULL, *second = NULL, *unnamed = NULL;

  assert_refused (&host, "mode=\"required\"|owner=\"Alice\" mode=\"required\"", "owner must be the name of an owner");
  first = ask_hook (&host, "start", owned);
  named = site_last_owner (host.site);
  second = ask_hook (&host, "start", plain);
  unnamed = site_last_owner (host.site);
  g_assert_true (g_str_has_prefix (first, "grant\n"));
  g_assert_true (g_str_has_prefix (second, "grant\n"));
  g_assert_cmpstr (named, ==, "alice");
  g_assert_null (unnamed);
  tear_down (&host);
}

/* What virsh prints leads to the service's log: the id in the sentence is the one that the service got. */
static void
test_request_ids (void)
{
  Host host = set_up ();
  g_autofree char *xml = site_domain (host.site, NULL);
  g_autofree char *refused = NULL, *id = NULL, *launched = NULL, *first = NULL, *second = NULL, *words = NULL;
  g_autofree char *failed = NULL;
  FakeQemu qemu;

  site_set (host.site, &host.site->launch_mode, SITE_REFUSE);
  refused = ask_hook (&host, "start", xml);
  first = site_last_request (host.site);
  g_assert_true (g_uuid_string_is_valid (first));
  words = g_strdup_printf ("refuse\nThe service refused: the permit is used up (permit-exhausted); request %s", first);
  if (g_ascii_strncasecmp (refused, words, strlen (words)) != 0)
    g_error ("“%s” instead of “%s”", refused, words);
  site_set (host.site, &host.site->launch_mode, SITE_OK);
  id = grant (&host);
  launched = site_last_request (host.site);
  g_assert_cmpstr (launched, !=, first);
  qemu = start_qemu (&host);
  site_set (host.site, &host.site->validate_mode, SITE_REFUSE);
  assert_no (&host, qemu.pid, "(permit-exhausted); request ");
  second = site_last_request (host.site);
  g_assert_cmpstr (second, !=, launched);
  assert_no (&host, qemu.pid, second); /* kept with the launch */
  failed = site_wait_outcome (host.site, id, "failed");
  g_assert_nonnull (strstr (failed, second));
  fake_qemu_kill (&qemu);
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_hook_refuses_for_service (void)
{
  Host host = set_up ();

  site_set (host.site, &host.site->launch_mode, SITE_REFUSE);
  assert_refused (&host, NULL, "the service refused: the permit is used up (permit-exhausted)");
  site_set (host.site, &host.site->launch_mode, SITE_TROUBLE);
  assert_refused (&host, NULL, "store-unavailable");
  host.site->settings->deadline_ms = 300;
  host.site->hang_ms = 1000;
  site_set (host.site, &host.site->launch_mode, SITE_HANG);
  assert_refused (&host, NULL, "did not answer within");
  host.site->settings->deadline_ms = 3000;
  site_stop_service (host.site);
  assert_refused (&host, NULL, "cannot reach the service at https://");
  tear_down (&host);
}

static void
test_hook_refuses_other_policy (void)
{
  Host host = set_up ();
  g_autofree char *id = NULL, *failed = NULL;

  host.site->policy = 3;
  assert_refused (&host, NULL, "0x3");
  id = site_last_launch (host.site);
  failed = site_wait_outcome (host.site, id, "failed");
  g_assert_nonnull (strstr (failed, "0x3"));
  wait_until_clean (&host, id);
  tear_down (&host);
}

static void
test_hook_refuses_unknown_platform (void)
{
  Host host = { .site = site_new () };

  start_agent (&host);
  assert_refused (&host, NULL, "certificates are not known");
  g_assert_cmpuint (site_count (host.site, &host.site->launches), ==, 0);
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
  assert_no (&host, getpid (), "another process");
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
  static const struct { const char *set, *back, *why; } cases[] = {
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
  assert_no (&host, qemu.pid, "nobody knows");
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
        assert_no (&host, qemu.pid, "no area to take one");
      else
        assert_yes (&host, qemu.pid);
      g_assert_cmpuint (fake_qemu_injected (&qemu, NULL), ==, 0);
      g_assert_true (host.site->seen->has_firmware_hash);
      fake_qemu_kill (&qemu);
      wait_until_clean (&host, id);
      tear_down (&host);
    }
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
  g_test_add_func ("/agent/monitor/is-taken", test_monitor_is_taken);
  g_test_add_func ("/agent/monitor/of-another", test_monitor_of_another);
  g_test_add_func ("/agent/monitor/older", test_older_monitor);
  g_test_add_func ("/agent/gate-refuses/restored", test_gate_refuses_restored);
  g_test_add_func ("/agent/passes", test_passes);
  g_test_add_func ("/agent/firmware-without-area", test_firmware_without_area);
  g_test_add_func ("/agent/no-secret", test_no_secret);
  g_test_add_func ("/agent/many", test_many);
  g_test_add_func ("/agent/hook-refuses/domains", test_hook_refuses_domains);
  g_test_add_func ("/agent/owner", test_owner);
  g_test_add_func ("/agent/request-ids", test_request_ids);
  g_test_add_func ("/agent/hook-refuses/service", test_hook_refuses_for_service);
  g_test_add_func ("/agent/hook-refuses/policy", test_hook_refuses_other_policy);
  g_test_add_func ("/agent/hook-refuses/platform", test_hook_refuses_unknown_platform);
  g_test_add_func ("/agent/gate-refuses/strangers", test_gate_refuses_strangers);
  g_test_add_func ("/agent/gate-refuses/states", test_gate_refuses_states);
  g_test_add_func ("/agent/gate-refuses/injection", test_gate_refuses_injection);
  g_test_add_func ("/agent/gate-refuses/addresses", test_gate_refuses_addresses);
  g_test_add_func ("/agent/gate-refuses/unknown-address", test_gate_refuses_unknown_address);
  g_test_add_func ("/agent/gate-refuses/service", test_gate_refuses_for_service);
  g_test_add_func ("/agent/gate-refuses/trouble", test_gate_survives_trouble);
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
