/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/pages.h"
#include "cli/print.h"
#include "tee/sev/packet.h"

static char *
kind_text (const char *guid)
{
  return g_strdup (g_strcmp0 (guid, VA_GUID_LUKS_PASSPHRASE) == 0 ? "luks-passphrase" : guid);
}

static void
print_secrets (JsonObject *answer)
{
  JsonArray *secrets = va_answer_array (answer, "secrets");
  VaTable *table = va_table_new ((const char *[]){ _("NAME"), _("KIND"), _("BYTES"), _("CREATED"), NULL });

  for (guint i = 0; i < va_answer_length (secrets); i++)
    {
      JsonObject *secret = va_answer_element (secrets, i);

      va_table_add (table, g_strdup (va_answer_text (secret, "name")), kind_text (va_answer_text (secret, "guid")),
                    g_strdup_printf ("%" PRId64, va_answer_number (secret, "size")),
                    va_print_time (va_answer_number (secret, "created")));
    }
  va_table_print (table, _("no secrets"));
}

VaExit
va_verb_secret_list (VaCall *call)
{
  g_autoptr(JsonObject) answer = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 0, 0))
    return VA_EXIT_USAGE;
  answer = va_pages_ask (call, &(VaPages){ "/v1/secret", "secrets", "name", 0 }, &error);
  if (answer == NULL)
    return va_call_fail (error);
  if (call->json)
    va_print_json (answer);
  else
    print_secrets (answer);
  return VA_EXIT_YES;
}
