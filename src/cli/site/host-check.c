/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/host-check.h"

#include <stdio.h>
#include "core/i18n.h"
#include "cli/print.h"
#include "cli/verbs.h"

static const struct {
  const char *name;
  void (*run) (VaHostCheck *check, VaFinding *finding);
} checks[] = {
  { "configuration", va_check_config }, /* first: others read it */
  { "libvirt", va_check_libvirt },      /* second: opens the connection */
  { "sev", va_check_sev },
  { "lock-manager", va_check_lock_manager },
  { "gate", va_check_gate_file },
  { "gate-loaded", va_check_gate_loaded },
  { "hook", va_check_hook },
  { "apparmor", va_check_apparmor },
  { "unprepared", va_check_unprepared },
  { "emulator", va_check_emulator },
  { "definitions", va_check_definitions },
  { "descriptors", va_check_descriptors },
  { "agent", va_check_agent },
  { "unit", va_check_unit },
  { "certificate", va_check_certificate },
  { "clock", va_check_clock },
  { "service", va_check_service },
};

static void
report_finding (const VaCall *call, JsonArray *list, const char *name, const VaFinding *finding)
{
  g_autofree char *words = va_print_safe (finding->words);
  JsonObject *object;

  if (!call->json)
    {
      printf ("%-4s %-14s %s\n", !finding->ok ? _("fix") : finding->warns ? _("warn") : _("ok"), name, words);
      fflush (stdout);
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_boolean_member (object, "ok", finding->ok);
  if (finding->warns)
    json_object_set_boolean_member (object, "warning", TRUE);
  json_object_set_string_member (object, "words", words);
  json_array_add_object_element (list, object);
}

static gboolean
run_checks (const VaCall *call, const char *config_path, JsonArray *list)
{
  VaHostCheck check = { .config_path = config_path };
  gboolean all_ok = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      VaFinding finding = { .ok = FALSE };

      checks[i].run (&check, &finding);
      report_finding (call, list, checks[i].name, &finding);
      all_ok = all_ok && finding.ok;
      g_free (finding.words);
    }
  va_host_check_close (&check);
  return all_ok;
}

VaExit
va_verb_host_check (VaCall *call)
{
  g_autofree char *config = NULL;
  const GOptionEntry options[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config, N_("Read FILE instead of hostd.conf"), N_("FILE") },
    { NULL },
  };
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *list = json_array_new ();
  gboolean ok;

  json_object_set_array_member (object, "checks", list);
  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  ok = run_checks (call, config != NULL ? config : VA_SYSCONFDIR "/hostd.conf", list);
  json_object_set_boolean_member (object, "ok", ok);
  if (call->json)
    va_print_json (object);
  return ok ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
