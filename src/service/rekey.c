/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/rekey.h"

#include "service/log.h"

#define VALUES_AT_ONCE 100 /* in one transaction, so that launches wait for a short time only */

static JsonObject *
write_entry (void)
{
  JsonObject *entry = va_audit_entry (va_service_now (), "rekey"), *who = json_object_new ();

  json_object_set_string_member (who, "role", "operator");
  json_object_set_string_member (who, "name", "virt-attestd");
  json_object_set_object_member (entry, "who", who);
  json_object_set_string_member (entry, "result", "done");
  return entry;
}

static gboolean
seal_rows_again (VaService *service, guint64 *moved, GError **error)
{
  g_autoptr(JsonObject) entry = write_entry ();
  guint count = 0;

  *moved = 0;
  if (!va_store_rekey_begin (service->store, entry, error))
    return FALSE;
  do
    {
      if (!va_store_rekey_step (service->store, VALUES_AT_ONCE, &count, error))
        return FALSE;
      *moved += count;
    }
  while (count > 0);
  return TRUE;
}

void
va_service_rekey (VaService *service)
{
  g_autoptr(GError) error = NULL;
  guint64 seals = 0, moved;

  if (va_store_count_seals (service->store, &seals, &error) && seals < VA_SEALS_MAX)
    return;
  if (error == NULL && seal_rows_again (service, &moved, &error))
    va_log (VA_LOG_INFO,
            "the data key had sealed %" G_GUINT64_FORMAT " values: a new one is in its place, and %" G_GUINT64_FORMAT
            " values were sealed again",
            seals, moved);
  if (error != NULL)
    va_log (VA_LOG_ERROR, "the store gets no new data key: %s", error->message);
}
