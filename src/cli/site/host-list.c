/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/pages.h"
#include "cli/print.h"

static char *
describe_feature (JsonObject *features, const char *name)
{
  return g_strdup (va_answer_true (features, name) ? _("yes") : _("no"));
}

static void
print_host_table (JsonObject *answer)
{
  JsonArray *hosts = va_answer_array (answer, "hosts");
  VaTable *table = va_table_new ((const char *[]){ _("HOST"), "SEV", "SEV-ES", _("GATE"), _("GUESTS"), "LIBVIRT",
                                                   "QEMU", _("AGENT"), _("CERTIFICATE UNTIL"), _("LAST SEEN"), NULL });

  for (guint i = 0; i < va_answer_length (hosts); i++)
    {
      JsonObject *host = va_answer_element (hosts, i);
      JsonObject *features = va_answer_object (host, "features");

      if (va_answer_true (host, "unreadable"))
        {
          va_table_add_unreadable (table, va_answer_text (host, "name"));
          continue;
        }
      va_table_add (table, g_strdup (va_answer_text (host, "name")), describe_feature (features, "sev"),
                    describe_feature (features, "sev-es"), describe_feature (features, "gate-loaded"),
                    g_strdup_printf ("%" PRId64, va_answer_number (features, "max-guests")),
                    g_strdup (va_answer_text (features, "libvirt-version")),
                    g_strdup (va_answer_text (features, "qemu-version")),
                    g_strdup (va_answer_text (features, "agent-version")),
                    va_print_time (va_answer_number (features, "certificate-ends")),
                    va_print_time (va_answer_number (host, "seen")));
    }
  va_table_print (table, _("no hosts"));
}

VaExit
va_verb_host_list (VaCall *call)
{
  g_autoptr(JsonObject) answer = NULL;
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, NULL, 0, 0))
    return VA_EXIT_USAGE;
  answer = va_pages_ask (call, &(VaPages){ "/v1/host", "hosts", "name", 0 }, &error);
  if (answer == NULL)
    return va_call_fail (error);
  if (call->json)
    va_print_json (answer);
  else
    print_host_table (answer);
  return VA_EXIT_YES;
}
