/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include "core/i18n.h"
#include "core/journal.h"
#include "core/secret.h"
#include "host/agent.h"

#define EXIT_USAGE 2

typedef struct {
  char *config;
  gboolean version;
} Options;

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, N_("configuration file"), "FILE" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_("show the version and end"), NULL },
    { NULL },
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _("Host agent for attested launches; see virt-attest-hostd(8)."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc == 1)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("unexpected argument “%s”"), (*argv)[1]);
  return FALSE;
}

static gboolean
on_terminate (gpointer data)
{
  sd_notify (0, "STOPPING=1");
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog (gpointer data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

static void
run (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  uint64_t watchdog;

  g_unix_signal_add (SIGTERM, on_terminate, loop);
  g_unix_signal_add (SIGINT, on_terminate, loop);
  if (sd_watchdog_enabled (0, &watchdog) > 0)
    g_timeout_add ((guint) MIN (watchdog / 2000, G_MAXUINT), on_watchdog, NULL);
  sd_notify (0, "READY=1");
  g_main_loop_run (loop);
}

int
main (int argc, char *argv[])
{
  Options options = { 0 };
  g_autofree char *config = NULL;
  g_autoptr(VaHostSettings) settings = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(VaAgent) agent = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  va_process_forbid_dumps ();
  va_journal_take_glib ("virt-attest-hostd");
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("virt-attest-hostd: %s\n", error->message);
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
  run ();
  return EXIT_SUCCESS;
}
