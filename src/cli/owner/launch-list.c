/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/answer.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "cli/pages.h"
#include "cli/print.h"

#define LIMIT_MAX 100000
#define PAGE_MAX 1000

static void
print_launch_table (JsonObject *answer)
{
  JsonArray *launches = va_answer_array (answer, "launches");
  VaTable *table = va_table_new ((const char *[]){ _("LAUNCH"), _("DOMAIN"), _("HOST"), _("STATE"), _("REFUSED FOR"),
                                                   _("CREATED"), NULL });

  for (guint i = 0; i < va_answer_length (launches); i++)
    {
      JsonObject *launch = va_answer_element (launches, i);

      va_table_add (table, g_strdup (va_answer_text (launch, "launch-id")),
                    g_strdup (va_answer_text (va_answer_object (launch, "domain"), "name")),
                    g_strdup (va_answer_text (launch, "host")), g_strdup (va_answer_text (launch, "state")),
                    g_strdup (va_answer_text (launch, "code")), va_print_time (va_answer_number (launch, "created")));
    }
  va_table_print (table, _("no launches"));
}

/* NULL when --vm is no UUID. */
static char *
make_launches_path (const char *vm, int limit)
{
  g_autofree char *uuid = vm != NULL ? va_uuid_canonical (vm, NULL) : NULL;

  if (vm == NULL)
    return g_strdup_printf ("/v1/launch?limit=%d", MIN (limit, PAGE_MAX));
  return uuid != NULL ? g_strdup_printf ("/v1/launch?vm=%s&limit=%d", uuid, MIN (limit, PAGE_MAX)) : NULL;
}

VaExit
va_verb_launch_list (VaCall *call)
{
  g_autofree char *vm = NULL;
  int limit = 100;
  const GOptionEntry options[] = {
    { "vm", 0, 0, G_OPTION_ARG_STRING, &vm, N_("Only those of one registration"), N_("ID") },
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("At most the newest N [100]"), N_("N") },
    { NULL },
  };
  g_autoptr(JsonObject) answer = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  if (limit < 1 || limit > LIMIT_MAX)
    return va_call_usage (call, _("--limit must be from 1 to %d"), LIMIT_MAX);
  path = make_launches_path (vm, limit);
  if (path == NULL)
    return va_call_usage (call, _("“%s” is not a UUID"), vm);
  answer = va_pages_ask (call, &(VaPages){ path, "launches", "launch-id", (guint) limit }, &error);
  if (answer == NULL)
    return va_call_fail (error);
  if (call->json)
    va_print_json (answer);
  else
    print_launch_table (answer);
  return VA_EXIT_YES;
}
