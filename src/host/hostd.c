/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <inttypes.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "core/i18n.h"
#include "core/journal.h"
#include "core/secret.h"
#include "host/agent.h"

#define EXIT_USAGE 2

typedef struct {
  char *config;
  gboolean version;
} AgentOptions;

static gboolean
parse_agent_options (AgentOptions *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, N_("Read FILE instead of the default configuration"),
      N_("FILE") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_("Print the version and exit"), NULL },
    { NULL },
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _("The host agent for attested launches; see virt-attest-hostd(8)."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc == 1)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("unexpected argument “%s”"), (*argv)[1]);
  return FALSE;
}

typedef struct {
  VaAgent *agent;
  GMainLoop *loop;
  GThread *stopper; /* once a signal has come */
} Running;

static gboolean
on_quiet (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gpointer
quiesce_agent (gpointer data)
{
  const Running *running = data;

  va_agent_quiesce (running->agent);
  g_idle_add (on_quiet, running->loop);
  return NULL;
}

/* The loop runs on until libvirt is left, so that domains can start meanwhile. */
static gboolean
on_terminate (gpointer data)
{
  Running *running = data;

  sd_notify (0, "STOPPING=1");
  if (running->stopper == NULL)
    running->stopper = g_thread_new ("stop", quiesce_agent, running);
  return G_SOURCE_CONTINUE;
}

/* systemd waits for the second message before it says that the reload is done. */
static gboolean
on_reload (gpointer data)
{
  const Running *running = data;

  if (running->stopper != NULL)
    return G_SOURCE_CONTINUE;
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, g_get_monotonic_time ());
  va_agent_reload (running->agent);
  sd_notify (0, "READY=1");
  return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog (gpointer data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/* Returns: FALSE: a thread is left that does not end. */
static gboolean
run_agent (VaAgent *agent)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Running running = { agent, loop, NULL };
  uint64_t watchdog;

  g_unix_signal_add (SIGTERM, on_terminate, &running);
  g_unix_signal_add (SIGINT, on_terminate, &running);
  g_unix_signal_add (SIGHUP, on_reload, &running);
  if (sd_watchdog_enabled (0, &watchdog) > 0)
    g_timeout_add ((guint) MIN (watchdog / 2000, G_MAXUINT), on_watchdog, NULL);
  sd_notify (0, "READY=1");
  g_main_loop_run (loop);
  g_thread_join (running.stopper);
  return va_agent_stop (agent);
}

int
main (int argc, char *argv[])
{
  AgentOptions options = { 0 };
  g_autofree char *config = NULL;
  g_autoptr(VaHostSettings) settings = NULL;
  g_autoptr(GError) error = NULL;
  VaAgent *agent = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  va_process_forbid_dumps ();
  va_journal_take_glib ("virt-attest-hostd");
  if (!parse_agent_options (&options, &argc, &argv, &error))
    {
      g_printerr (_("%s: %s\nSee %s --help\n"), "virt-attest-hostd", error->message, "virt-attest-hostd");
      return EXIT_USAGE;
    }
  config = options.config;
  if (options.version)
    {
      g_print ("virt-attest-hostd %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }
  settings = va_host_settings_load (config != NULL ? config : VA_SYSCONFDIR "/hostd.conf", VA_RUNDIR, &error);
  if (settings != NULL)
    agent = va_agent_start (settings, &error);
  if (agent == NULL)
    {
      g_printerr ("virt-attest-hostd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  /* What a process does at its end would meet the threads that are left. Nothing is lost: records and markers are on
     disk. */
  if (!run_agent (agent))
    _exit (EXIT_SUCCESS);
  return EXIT_SUCCESS;
}
