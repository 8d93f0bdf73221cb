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

/* What the agent answers to the hook. */

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
                                          "  <launchSecurity type='sev' kernelHashes='yes'>",
                                          kernel);
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
  assert_refused (&host,
                  "</launchSecurity>|</launchSecurity><launchSecurity type='sev'><policy>5</policy></launchSecurity>",
                  "<launchSecurity> 2 times");
  assert_refused (&host, "<policy>0x0001|<policy>0x30001", "SEV-SNP");
  assert_refused (&host, "mode=\"required\"|mode=\"perhaps\"", "mode");
  assert_refused (&host, "mode=\"required\"|mode=\"required\" x=\"y\"", "x");
  assert_refused (&host, change, "zeros.fd: this is not x86 firmware");
  g_assert_true (va_file_write (kernel, "\177ELF", 4, 0644, NULL));
  assert_refused (&host, elf, "vmlinux: this kernel is an ELF image");
  /* The site's firmware has a secret area, but none for hashes. */
  assert_refused (&host,
                  "</os>\n  <launchSecurity type='sev'>|<kernel>/boot/k</kernel></os>\n"
                  "  <launchSecurity type='sev' kernelHashes='yes'>",
                  "no space for kernel hashes");
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
  assert_refused (&host, NULL, "certificates are unknown");
  g_assert_cmpuint (site_count (host.site, &host.site->launches), ==, 0);
  tear_down (&host);
}

int
main (int argc, char *argv[])
{
  fake_qemu_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/passes", test_passes);
  g_test_add_func ("/agent/hook-refuses/domains", test_hook_refuses_domains);
  g_test_add_func ("/agent/owner", test_owner);
  g_test_add_func ("/agent/request-ids", test_request_ids);
  g_test_add_func ("/agent/hook-refuses/service", test_hook_refuses_for_service);
  g_test_add_func ("/agent/hook-refuses/policy", test_hook_refuses_other_policy);
  g_test_add_func ("/agent/hook-refuses/platform", test_hook_refuses_unknown_platform);
  return g_test_run ();
}
