/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/print.h"
#include "tee/sev/firmware-error.h"
#include "tee/sev/policy.h"

static char *
platform_text (JsonObject *launch)
{
  const char *generation = va_answer_text (launch, "generation");
  g_autoptr(GString) text = g_string_new (generation != NULL ? generation : "?");

  if (json_object_has_member (launch, "api-major"))
    g_string_append_printf (text, _(", API %d.%d, build %d"), (int) va_answer_number (launch, "api-major"),
                            (int) va_answer_number (launch, "api-minor"), (int) va_answer_number (launch, "build-id"));
  return g_strdup (text->str);
}

static char *
domain_text (JsonObject *launch)
{
  JsonObject *domain = va_answer_object (launch, "domain");

  return g_strdup_printf ("%s (%s)", va_answer_text (domain, "name"), va_answer_text (domain, "uuid"));
}

/* Who made the domain; the host's claim, not proof. */
static char *
source_text (JsonObject *launch)
{
  JsonObject *source = va_answer_object (launch, "source");
  const char *name = va_answer_text (source, "name"), *instance = va_answer_text (source, "instance");
  const char *image = va_answer_text (source, "image"), *flavor = va_answer_text (source, "flavor");
  const char *selector = va_answer_text (source, "selector");
  g_autoptr(GString) text = g_string_new (NULL);

  if (source == NULL)
    return NULL;
  g_string_append_printf (text, _("OpenStack project %s"), va_answer_text (source, "project"));
  if (image != NULL)
    g_string_append_printf (text, _(", image %s"), image);
  if (flavor != NULL)
    g_string_append_printf (text, _(", flavor “%s”"), flavor);
  if (name != NULL || instance != NULL)
    g_string_append_printf (text, _(", instance “%s” (%s)"), name != NULL ? name : "?",
                            instance != NULL ? instance : "?");
  if (selector != NULL)
    g_string_append_printf (text, _("; registration found by %s"), selector);
  return g_strdup (text->str);
}

static char *
approvals_text (JsonObject *launch)
{
  JsonArray *approvals = va_answer_array (launch, "approvals");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < va_answer_length (approvals); i++)
    {
      JsonObject *approval = va_answer_element (approvals, i);
      g_autofree char *until = va_print_time (va_answer_number (approval, "until"));

      const char *person = va_answer_text (approval, "person");

      g_string_append (text, i > 0 ? "; " : "");
      g_string_append_printf (text, _("by %s, valid until %s"),
                              person != NULL ? person : va_answer_text (approval, "by"), until);
    }
  if (text->len > 0)
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  return NULL;
}

/* The sentence is ours; the number is all that comes from the host. */
static char *
firmware_error_text (JsonObject *launch)
{
  gint64 number = va_answer_number (launch, "firmware-error");

  if (!json_object_has_member (launch, "firmware-error") || number < 0 || number > VA_FIRMWARE_ERROR_MAX)
    return NULL;
  return va_firmware_error_text ((guint) number);
}

static void
print_fields (JsonObject *launch)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });

  va_table_field (table, _("launch"), g_strdup (va_answer_text (launch, "launch-id")));
  va_table_field (table, _("registration"), g_strdup (va_answer_text (launch, "vm")));
  va_table_field (table, _("domain"), domain_text (launch));
  va_table_field (table, _("host"), g_strdup (va_answer_text (launch, "host")));
  va_table_field (table, _("claimed by the host"), source_text (launch));
  va_table_field (table, _("platform"), platform_text (launch));
  va_table_field (table, _("policy"), va_policy_text (va_answer_number (launch, "policy")));
  va_table_field (table, _("created"), va_print_time (va_answer_number (launch, "created")));
  va_table_field (table, _("state"), g_strdup (va_answer_text (launch, "state")));
  if (va_answer_number (launch, "expires") != 0)
    va_table_field (table, _("waiting until"), va_print_time (va_answer_number (launch, "expires")));
  va_table_field (table, _("approved"), approvals_text (launch));
  va_table_field (table, _("refusal code"), g_strdup (va_answer_text (launch, "code")));
  va_table_field (table, _("reason"), g_strdup (va_answer_text (launch, "detail")));
  va_table_field (table, _("reported by the host"), g_strdup (va_answer_text (launch, "reason")));
  va_table_field (table, _("SEV firmware"), firmware_error_text (launch));
  va_table_print (table, "");
}

static void
print_timeline (JsonObject *launch)
{
  JsonArray *timeline = va_answer_array (launch, "timeline");
  gint64 first = 0;
  VaTable *table;

  if (va_answer_length (timeline) == 0)
    return;
  first = va_answer_number (va_answer_element (timeline, 0), "time");
  va_print_line ("%s", "");
  va_print_line ("%s", _("On the service's clock:"));
  table = va_table_new ((const char *[]){ "", "", "", NULL });
  for (guint i = 0; i < va_answer_length (timeline); i++)
    {
      JsonObject *step = va_answer_element (timeline, i);
      gint64 time = va_answer_number (step, "time");

      va_table_add (table, g_strdup_printf ("  %s", va_answer_text (step, "step")), va_print_clock (time),
                    g_strdup_printf (_("+%" PRId64 " ms"), time - first));
    }
  va_table_print (table, "");
}

static void
print_steps (JsonObject *launch)
{
  JsonArray *steps = va_answer_array (launch, "steps");
  VaTable *table;

  if (va_answer_length (steps) == 0)
    return;
  va_print_line ("%s", "");
  va_print_line ("%s", _("On the host's clock, since its hook was called:"));
  table = va_table_new ((const char *[]){ "", "", NULL });
  for (guint i = 0; i < va_answer_length (steps); i++)
    {
      JsonObject *step = va_answer_element (steps, i);

      va_table_add (table, g_strdup_printf ("  %s", va_answer_text (step, "name")),
                    g_strdup_printf (_("+%" PRId64 " ms"), va_answer_number (step, "ms")));
    }
  va_table_print (table, "");
}

VaExit
va_verb_launch_show (VaCall *call)
{
  g_autofree char *path = NULL;
  g_autoptr(JsonObject) launch = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 1, 1))
    return VA_EXIT_USAGE;
  path = va_operand_path (call, "/v1/launch/", call->operands[0]);
  if (path == NULL)
    return VA_EXIT_USAGE;
  if (!va_call_ask (call, "GET", path, NULL, &launch, &error))
    return va_call_fail (error);
  if (call->json)
    {
      va_print_json (launch);
      return VA_EXIT_YES;
    }
  print_fields (launch);
  print_timeline (launch);
  print_steps (launch);
  return VA_EXIT_YES;
}
