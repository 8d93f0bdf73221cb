/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "cli/answer.h"
#include "core/error.h"
#include "core/i18n.h"
#include "cli/pages.h"
#include "cli/print.h"

#define EVERY_MS 1000
#define LIMIT 1000

/* What has been shown: launch-id -> state, both char *. */
typedef struct {
  const VaCall *call;
  GHashTable *shown;
} LaunchWatch;

static void
print_launch (const LaunchWatch *watch, JsonObject *launch)
{
  JsonArray *timeline = va_answer_array (launch, "timeline");
  guint steps = va_answer_length (timeline);
  g_autofree char *time = NULL, *line = NULL;
  const char *code = va_answer_text (launch, "code"), *detail = va_answer_text (launch, "detail");

  if (watch->call->json)
    {
      va_print_json_line (launch);
      return;
    }
  time = va_print_clock (steps > 0 ? va_answer_number (va_answer_element (timeline, steps - 1), "time") : 0);
  line = g_strdup_printf ("%s %s %s %s %s%s%s%s%s", time, va_answer_text (launch, "launch-id"),
                          va_answer_text (va_answer_object (launch, "domain"), "name"), va_answer_text (launch, "host"),
                          va_answer_text (launch, "state"), code != NULL ? " " : "", code != NULL ? code : "",
                          code != NULL && detail != NULL ? ": " : "", code != NULL && detail != NULL ? detail : "");
  va_print_line ("%s", line);
}

/* Shows what is new since the last time, oldest first; @quiet: only remembers it. */
static void
show_launch (const LaunchWatch *watch, JsonObject *answer, gboolean quiet)
{
  JsonArray *launches = va_answer_array (answer, "launches");

  for (guint i = va_answer_length (launches); i > 0; i--)
    {
      JsonObject *launch = va_answer_element (launches, i - 1);
      const char *id = va_answer_text (launch, "launch-id"), *state = va_answer_text (launch, "state");

      if (id == NULL || g_strcmp0 (g_hash_table_lookup (watch->shown, id), state) == 0)
        continue;
      g_hash_table_replace (watch->shown, g_strdup (id), g_strdup (state));
      if (!quiet)
        print_launch (watch, launch);
    }
  fflush (stdout);
}

/* A service that is restarted is waited for; one that refuses is not. */
static gboolean
is_passing (const GError *error)
{
  return g_error_matches (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER)
         || g_error_matches (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT)
         || g_error_matches (error, VA_PROBLEM_ERROR, VA_PROBLEM_STORE)
         || g_error_matches (error, VA_PROBLEM_ERROR, VA_PROBLEM_BUSY);
}

static VaExit
watch_on (VaCall *call, const LaunchWatch *watch, gboolean all, gint64 end)
{
  gboolean first = TRUE, lost = FALSE;

  do
    {
      g_autoptr(JsonObject) answer = NULL;
      g_autoptr(GError) error = NULL;

      answer = va_pages_ask (call,
                             &(VaPages){ "/v1/launch?limit=" G_STRINGIFY (LIMIT), "launches", "launch-id", LIMIT },
                             &error);
      if (answer != NULL)
        {
          show_launch (watch, answer, first && !all);
          first = FALSE;
        }
      else if (first || !is_passing (error))
        return va_call_fail (error);
      else if (!lost)
        va_print_error_line (_("virt-attest: %s; waiting for it"), error->message);
      lost = answer == NULL;
      g_usleep (EVERY_MS * 1000);
    }
  while (end == 0 || g_get_monotonic_time () < end);
  return VA_EXIT_YES;
}

VaExit
va_verb_launch_watch (VaCall *call)
{
  g_autoptr(GHashTable) shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  LaunchWatch watch = { .call = call, .shown = shown };
  gboolean all = FALSE;
  int seconds = 0;
  const GOptionEntry options[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &all, N_("Begin with the existing launches"), NULL },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, N_("Stop after N seconds [never]"), N_("N") },
    { NULL },
  };

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  if (seconds < 0)
    return va_call_usage (call, "%s", _("--seconds must not be negative"));
  return watch_on (call, &watch, all, seconds > 0 ? g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC : 0);
}
