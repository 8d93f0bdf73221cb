/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/pages.h"
#include "cli/print.h"

static char *
room_text (JsonObject *artifact, const char *base, const char *size)
{
  return va_answer_number (artifact, base) != 0 ? g_strdup_printf ("%" PRId64, va_answer_number (artifact, size))
                                                : g_strdup (_("none"));
}

static void
print_artifacts (JsonObject *answer)
{
  JsonArray *artifacts = va_answer_array (answer, "artifacts");
  VaTable *table = va_table_new ((const char *[]){ _("HASH"), _("BYTES"), _("SECRETS"), _("KERNEL HASHES"),
                                                   _("RESET ADDRESS"), NULL });

  for (guint i = 0; i < va_answer_length (artifacts); i++)
    {
      JsonObject *artifact = va_answer_element (artifacts, i);

      if (va_answer_true (artifact, "unreadable"))
        {
          va_table_add_unreadable (table, va_answer_text (artifact, "hash"));
          continue;
        }
      va_table_add (table, g_strdup (va_answer_text (artifact, "hash")),
                    g_strdup_printf ("%" PRId64, va_answer_number (artifact, "size")),
                    room_text (artifact, "secret-base", "secret-size"),
                    room_text (artifact, "hashes-base", "hashes-size"),
                    va_answer_number (artifact, "ap-reset") != 0
                      ? g_strdup_printf ("0x%x", (guint) va_answer_number (artifact, "ap-reset"))
                      : g_strdup (_("none")));
    }
  va_table_print (table, _("no firmware images"));
}

VaExit
va_verb_artifact_list (VaCall *call)
{
  g_autoptr(JsonObject) answer = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 0, 0))
    return VA_EXIT_USAGE;
  answer = va_pages_ask (call, &(VaPages){ "/v1/artifact", "artifacts", "hash", 0 }, &error);
  if (answer == NULL)
    return va_call_fail (error);
  if (call->json)
    va_print_json (answer);
  else
    print_artifacts (answer);
  return VA_EXIT_YES;
}
