/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include "answer.h"
#include "core/i18n.h"
#include "core/json.h"
#include "print.h"

#define LIMIT_MAX 500

static char *
peer_text (JsonObject *record)
{
  JsonObject *who = va_answer_object (record, "who");
  const char *name = va_answer_text (who, "name");

  return g_strdup_printf ("%s%s%s", va_answer_text (who, "role"), name != NULL ? " " : "", name != NULL ? name : "");
}

/* What the record is about: the narrowest thing that it names. */
static const char *
object_text (JsonObject *record)
{
  static const char *const names[] = { "launch-id", "vm", "secret", "firmware", "path" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (va_answer_text (record, names[i]) != NULL)
      return va_answer_text (record, names[i]);
  return NULL;
}

static void
add_record (VaTable *table, JsonObject *record)
{
  va_table_add (table, g_strdup_printf ("%" G_GINT64_FORMAT, va_answer_number (record, "seq")),
                va_print_time (va_answer_number (record, "time") / 1000), peer_text (record),
                g_strdup (va_answer_text (record, "what")), g_strdup (object_text (record)),
                g_strdup (va_answer_text (record, "result")), g_strdup (va_answer_text (record, "why")));
}

static void
print_list (JsonObject *answer)
{
  JsonArray *records = va_answer_array (answer, "records");
  VaTable *table = va_table_new (
    (const char *[]){ _("SEQ"), _("TIME"), _("WHO"), _("WHAT"), _("OBJECT"), _("RESULT"), _("WHY"), NULL });

  for (guint i = 0; i < va_answer_length (records); i++)
    {
      const char *text = va_answer_text (va_answer_element (records, i), "text");
      g_autoptr(JsonObject) record = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;

      if (record != NULL)
        add_record (table, record);
    }
  va_table_print (table, _("no records"));
}

/* Each as it is kept, a line each. */
static void
print_texts (JsonObject *answer)
{
  JsonArray *records = va_answer_array (answer, "records");

  for (guint i = 0; i < va_answer_length (records); i++)
    {
      const char *text = va_answer_text (va_answer_element (records, i), "text");

      if (text != NULL)
        puts (text);
    }
}

VaExit
va_verb_audit_list (VaCall *call)
{
  int limit = 50;
  gint64 after = 0;
  const GOptionEntry options[] = {
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("At most the newest N [50]"), N_("N") },
    { "after", 0, 0, G_OPTION_ARG_INT64, &after, N_("Only those behind record SEQ"), N_("SEQ") },
    { NULL },
  };
  g_autoptr(JsonObject) answer = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  if (limit < 1 || limit > LIMIT_MAX)
    return va_call_usage (call, _("--limit must be from 1 to %d"), LIMIT_MAX);
  if (after < 0)
    return va_call_usage (call, "%s", _("--after must not be negative"));
  path = g_strdup_printf ("/v1/audit?order=newest&limit=%d&after=%" G_GINT64_FORMAT, limit, after);
  if (!va_call_ask (call, "GET", path, NULL, &answer, &error))
    return va_call_fail (error);
  if (call->json)
    print_texts (answer);
  else
    print_list (answer);
  return VA_EXIT_YES;
}
