/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent-fixture.h"

#include <string.h>
#include <unistd.h>
#include "core/ask.h"
#include "core/monitor-path.h"
#include "core/process.h"

static gpointer
run_loop (gpointer data)
{
  g_main_loop_run (data);
  return NULL;
}

void
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

void
stop_agent (Host *host)
{
  g_main_loop_quit (host->loop);
  g_thread_join (host->thread);
  g_main_loop_unref (host->loop);
  va_agent_stop (host->agent);
  host->agent = NULL;
}

Host
set_up (void)
{
  Host host = { .site = site_new () };

  site_platform (host.site);
  start_agent (&host);
  return host;
}

void
tear_down (Host *host)
{
  if (host->agent != NULL)
    stop_agent (host);
  site_free (host->site);
}

char *
ask (Host *host, const char *socket, const char *question)
{
  g_autofree char *path = g_build_filename (host->site->settings->run_dir, socket, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer = va_ask (path, question, strlen (question), 20000, 65536, &error);

  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (answer, NULL), g_bytes_get_size (answer));
}

char *
ask_hook (Host *host, const char *verb, const char *xml)
{
  g_autofree char *question = g_strdup_printf ("virt-attest hook 1\n%s %d\n\n%s", verb, (int) getpid (), xml);

  return ask (host, "hook.sock", question);
}

char *
ask_gate (Host *host, const char *uuid, pid_t pid)
{
  g_autofree char *question = g_strdup_printf ("virt-attest gate 1\nuuid %s\npid %d\n", uuid, (int) pid);

  return ask (host, "gate.sock", question);
}

VaMarker
marker (Host *host)
{
  return va_marker_read (host->site->settings->run_dir, SITE_UUID);
}

/* Starts the domain as far as the hook; the launch-id. */
char *
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

FakeQemu
start_qemu (Host *host)
{
  g_autofree char *path = va_monitor_path (host->site->settings->run_dir, SITE_UUID);

  return fake_qemu_start (path);
}

char *
record_path (Host *host, const char *id)
{
  g_autofree char *name = g_strconcat (id, ".json", NULL);

  return g_build_filename (host->site->settings->state_dir, "launches", name, NULL);
}

/* Nothing of the domain is left: marker, monitor's folder, record. */
void
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

void
assert_refused (Host *host, const char *change, const char *why)
{
  g_autofree char *xml = site_domain (host->site, change);
  g_autofree char *answer = ask_hook (host, "start", xml);

  if (!g_str_has_prefix (answer, "refuse\n") || strstr (answer, why) == NULL)
    g_error ("“%.200s” instead of a refusal with “%s”", answer, why);
  g_assert_cmpint (marker (host).state, ==, VA_MARKER_NONE);
}

void
assert_no (Host *host, pid_t pid, const char *why)
{
  g_autofree char *answer = ask_gate (host, SITE_UUID, pid);

  if (!g_str_has_prefix (answer, "no\n") || strstr (answer, why) == NULL)
    g_error ("“%s” instead of a no with “%s”", answer, why);
  g_assert_cmpint (marker (host).state, !=, VA_MARKER_ATTESTED);
}

void
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
