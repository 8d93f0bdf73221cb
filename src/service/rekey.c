/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/rekey.h"

#include "service/log.h"

#define VALUES_AT_ONCE 100 /* in one transaction, so that launches wait for a short time only */

static VaAuditEntry *
write_rekey_entry (void)
{
  const VaAuditPeer who = { .role = "operator", .name = "virt-attestd" };
  VaAuditEntry *entry = va_audit_entry_new (va_service_now (), "rekey", &who);

  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_DONE);
  return entry;
}

static gboolean
seal_rows_again (VaService *service, guint64 *moved, GError **error)
{
  g_autoptr(VaAuditEntry) entry = write_rekey_entry ();
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
