/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include <string.h>
#include "cli/answer.h"
#include "core/error.h"
#include "core/i18n.h"
#include "codec/json.h"
#include "cli/print.h"

#define LIMIT_MAX 10000
#define PAGE_MAX 500

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
  va_table_add (table, g_strdup_printf ("%" PRId64, va_answer_number (record, "seq")),
                va_print_time (va_answer_number (record, "time") / 1000), peer_text (record),
                g_strdup (va_answer_text (record, "what")), g_strdup (object_text (record)),
                g_strdup (va_answer_text (record, "result")), g_strdup (va_answer_text (record, "why")));
}

static void
print_audit_texts (const GPtrArray *texts)
{
  VaTable *table = va_table_new ((const char *[]){ _("SEQ"), _("TIME"), _("WHO"), _("WHAT"), _("OBJECT"), _("RESULT"),
                                                   _("WHY"), NULL });

  for (guint i = texts->len; i > 0; i--)
    {
      const char *text = texts->pdata[i - 1];
      g_autoptr(JsonObject) record = va_json_parse (text, strlen (text), NULL);

      if (record != NULL)
        add_record (table, record);
    }
  va_table_print (table, _("no records"));
}

/* The page's records, the newest first. */
static void
add_texts (GPtrArray *texts, JsonArray *records, guint limit)
{
  for (guint i = va_answer_length (records); i > 0 && texts->len < limit; i--)
    {
      const char *text = va_answer_text (va_answer_element (records, i - 1), "text");

      if (text != NULL)
        g_ptr_array_add (texts, g_strdup (text));
    }
}

/* Pages go from the newest records backwards. */
static gboolean
read_audit_page (VaCall *call, GPtrArray *texts, guint limit, gint64 after, gint64 *before, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/v1/audit?order=newest&limit=%u&after=%" PRId64 "&before=%" PRId64,
                                           MIN (limit - texts->len, PAGE_MAX), after, *before);
  g_autoptr(JsonObject) answer = NULL;
  gint64 next;

  if (!va_call_ask (call, "GET", path, NULL, &answer, error))
    return FALSE;
  add_texts (texts, va_answer_array (answer, "records"), limit);
  next = va_answer_number (answer, "next");
  if (!json_object_has_member (answer, "next") || texts->len >= limit)
    next = 0;
  else if (next < 1 || next >= *before)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                   _("the service sent an invalid answer: the page before record %" PRId64
                     " claims to continue before %" PRId64),
                   *before, next);
      return FALSE;
    }
  *before = next;
  return TRUE;
}

VaExit
va_verb_audit_list (VaCall *call)
{
  int limit = 50;
  gint64 after = 0, before = G_MAXINT64;
  const GOptionEntry options[] = {
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("At most the newest N [50]"), N_("N") },
    { "after", 0, 0, G_OPTION_ARG_INT64, &after, N_("Only those after record SEQ"), N_("SEQ") },
    { NULL },
  };
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  if (limit < 1 || limit > LIMIT_MAX)
    return va_call_usage (call, _("--limit must be from 1 to %d"), LIMIT_MAX);
  if (after < 0)
    return va_call_usage (call, "%s", _("--after must not be negative"));
  while (before > 0)
    if (!read_audit_page (call, texts, (guint) limit, after, &before, &error))
      return va_call_fail (error);
  if (!call->json)
    print_audit_texts (texts);
  for (guint i = call->json ? texts->len : 0; i > 0; i--)
    va_print_json_text (texts->pdata[i - 1]); /* each as it is kept, one per line */
  return VA_EXIT_YES;
}
