/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/pages.h"
#include "cli/print.h"

/* Which registrations would refuse their guests if hosts changed to another firmware. */
typedef enum { FITS, STOPS, UNKNOWN } Verdict;

typedef struct {
  const VaFirmware *footer;
  const char *hash;
} Impact;

static gboolean
is_listed (JsonObject *vm, const char *name, const char *hash)
{
  JsonArray *array = va_answer_array (vm, name);

  for (guint i = 0; i < va_answer_length (array); i++)
    if (g_strcmp0 (json_array_get_string_element (array, i), hash) == 0)
      return TRUE;
  return FALSE;
}

/* What the firmware could not do for @vm even if it were registered, or %NULL. */
static const char *
lack_of (const Impact *impact, JsonObject *vm)
{
  const VaFirmware *footer = impact->footer;

  if (footer->ap_reset == 0 && g_strcmp0 (va_answer_text (vm, "scheme"), "amd-sev-es") == 0)
    return _("it cannot start SEV-ES guests");
  if (footer->hashes_base == 0 && json_object_has_member (vm, "kernel-hash"))
    return _("it has no space for kernel hashes");
  if (footer->secret_base == 0 && va_answer_length (va_answer_array (vm, "secrets")) > 0)
    return _("it has no space for secrets");
  return NULL;
}

/* @reason: (out): for people */
static Verdict
judge_registration (const Impact *impact, JsonObject *vm, const char **reason)
{
  const char *lack = lack_of (impact, vm);

  if (va_answer_true (vm, "unreadable"))
    {
      *reason = _("unknown: the service cannot open the registration");
      return UNKNOWN;
    }
  if (is_listed (vm, "firmware-hashes", impact->hash))
    {
      *reason = _("fits");
      return FITS;
    }
  if (va_answer_array (vm, "launch-digests") == NULL)
    {
      *reason = lack != NULL ? lack : _("would be refused: register the firmware too");
      return STOPS;
    }
  if (is_listed (vm, "launch-digests", impact->hash))
    {
      *reason = _("works, without kernel hashes");
      return FITS;
    }
  *reason = _("unknown: it has launch digests, so compare them with “sev digest”");
  return UNKNOWN;
}

/* Both print, and tell whether all fit. */
static gboolean
print_impact_json (const Impact *impact, JsonArray *vms)
{
  static const char *const verdicts[] = { "fits", "stops", "unknown" };
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *list = json_array_new ();
  gboolean all = TRUE;

  for (guint i = 0; i < va_answer_length (vms); i++)
    {
      JsonObject *vm = va_answer_element (vms, i), *one = json_object_new ();
      const char *reason;
      Verdict verdict = judge_registration (impact, vm, &reason);

      all &= verdict == FITS;
      json_object_set_string_member (one, "id", va_answer_text (vm, "id"));
      json_object_set_string_member (one, "verdict", verdicts[verdict]);
      json_object_set_string_member (one, "reason", reason);
      json_array_add_object_element (list, one);
    }
  json_object_set_string_member (object, "hash", impact->hash);
  json_object_set_array_member (object, "vms", list);
  va_print_json (object);
  return all;
}

static gboolean
print_impact_text (const Impact *impact, JsonArray *vms)
{
  VaTable *table = va_table_new ((const char *[]){ _("ID"), _("NAME"), _("WITH THIS FIRMWARE"), NULL });
  gboolean all = TRUE;

  for (guint i = 0; i < va_answer_length (vms); i++)
    {
      JsonObject *vm = va_answer_element (vms, i);
      const char *reason;

      all &= judge_registration (impact, vm, &reason) == FITS;
      va_table_add (table, g_strdup (va_answer_text (vm, "id")), g_strdup (va_answer_text (vm, "name")),
                    g_strdup (reason));
    }
  va_table_print (table, _("no registrations"));
  return all;
}

VaExit
va_verb_vm_impact (VaCall *call)
{
  g_autofree char *path = NULL, *hash = NULL;
  const GOptionEntry entries[] = {
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &path, N_("The firmware that hosts would use"), N_("FILE") },
    { NULL },
  };
  g_autoptr(VaFirmwareFile) file = NULL;
  g_autoptr(JsonObject) answer = NULL;
  JsonArray *vms;
  g_autoptr(GError) error = NULL;
  Impact impact;

  if (!va_call_parse (call, entries, 0, 0)
      || !va_call_has (call, (const VaNeeded[]){ { "--firmware", path }, { NULL, NULL } }))
    return VA_EXIT_USAGE;
  file = va_firmware_file_read (path, &error);
  if (file != NULL)
    answer = va_pages_ask (call, &(VaPages){ "/v1/vm", "vms", "id", 0 }, &error);
  if (answer == NULL)
    return va_call_fail (error);
  vms = va_answer_array (answer, "vms");
  hash = va_firmware_file_hash (file);
  impact = (Impact){ .footer = &file->footer, .hash = hash };
  return (call->json ? print_impact_json (&impact, vms) : print_impact_text (&impact, vms)) ? VA_EXIT_YES
                                                                                            : VA_EXIT_REFUSED;
}
