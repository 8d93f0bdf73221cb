/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "audit/export.h"
#include "core/error.h"
#include "core/i18n.h"
#include "cli/print.h"

#define PAGE "500"

/* Where an export is: records and checkpoints that were written. */
typedef struct {
  gint64 written, covered;
} Place;

static void
write_checkpoint (JsonObject *checkpoint, Place *place)
{
  g_autoptr(JsonObject) line = json_object_new ();

  json_object_set_object_member (line, "checkpoint", json_object_ref (checkpoint));
  va_print_json_line (line);
  place->covered = va_answer_number (checkpoint, "seq");
}

/* Where the log was pruned, it begins behind this. */
static void
write_anchor (JsonObject *anchor, Place *place)
{
  g_autoptr(JsonObject) line = json_object_new ();

  json_object_set_object_member (line, "anchor", json_object_ref (anchor));
  va_print_json_line (line);
  place->written = place->covered = va_answer_number (anchor, "seq");
}

static void
write_page (JsonObject *page, gint64 end, Place *place)
{
  JsonArray *records = va_answer_array (page, "records"), *checkpoints = va_answer_array (page, "checkpoints");
  guint next = 0;

  for (guint i = 0; i < va_answer_length (records) && place->written < end; i++)
    {
      JsonObject *record = va_answer_element (records, i);
      const char *text = va_answer_text (record, "text");

      if (text != NULL)
        va_print_record (text);
      else
        va_print_json_line (record);
      place->written++;
      if (va_answer_number (va_answer_element (checkpoints, next), "seq") == place->written)
        write_checkpoint (va_answer_element (checkpoints, next++), place);
    }
}

/* Everything up to @end. */
static gboolean
export_records (VaCall *call, gint64 end, Place *place, GError **error)
{
  while (place->written < end)
    {
      g_autofree char *path = g_strdup_printf ("/v1/audit?order=chain&limit=" PAGE "&after=%" PRId64, place->written);
      g_autoptr(JsonObject) page = NULL;
      gint64 before = place->written;

      if (!va_call_ask (call, "GET", path, NULL, &page, error))
        return FALSE;
      if (before == 0 && va_answer_object (page, "anchor") != NULL)
        write_anchor (va_answer_object (page, "anchor"), place);
      write_page (page, end, place);
      if (place->written > before)
        continue;
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                   _("the service signed %" PRId64 " records but returned only %" PRId64), end, before);
      return FALSE;
    }
  return TRUE;
}

VaExit
va_verb_audit_export (VaCall *call)
{
  g_autoptr(JsonObject) checkpoint = NULL;
  g_autoptr(GError) error = NULL;
  Place place = { 0, -1 };

  if (!va_call_parse (call, NULL, 0, 0))
    return VA_EXIT_USAGE;
  if (!va_call_ask (call, "POST", "/v1/audit/checkpoint", NULL, &checkpoint, &error))
    return va_call_fail (error);
  va_print_line ("%s", VA_AUDIT_EXPORT_HEAD);
  if (!export_records (call, va_answer_number (checkpoint, "seq"), &place, &error))
    return va_call_fail (error);
  if (place.covered != va_answer_number (checkpoint, "seq"))
    write_checkpoint (checkpoint, &place);
  return VA_EXIT_YES;
}
