/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/log.h"
#include <inttypes.h>
#include "service/metrics-text.h"
#include "service/module.h"

#define REKEY_SECONDS 60
/* AES-256-GCM with random nonces: at 2^32 values under one key a nonce repeats with a probability of 2^-33. */
#define SEALS_MAX (G_GUINT64_CONSTANT (1) << 31)
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

/* As “virt-attest service rekey” does, once SEALS_MAX values were sealed under the present one. What goes wrong is
   tried again the next time. */
static void
make_new_data_key (VaService *service)
{
  g_autoptr(GError) error = NULL;
  guint64 seals = 0, moved;

  if (va_store_count_seals (service->store, &seals, &error) && seals < SEALS_MAX)
    return;
  if (error == NULL && seal_rows_again (service, &moved, &error))
    va_log (VA_LOG_INFO,
            "the data key had sealed %" PRIu64 " values: a new one is in its place, and %" PRIu64
            " values were sealed again",
            seals, moved);
  if (error != NULL)
    va_log (VA_LOG_ERROR, "the store gets no new data key: %s", error->message);
}

static void
print_seals (VaService *service, GString *text)
{
  g_autoptr(GError) error = NULL, reason = NULL;
  guint64 seals;

  if (va_store_check_keys (service->store, &reason) || !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_FAILED))
    va_metrics_text_value (text, "virt_attest_store_keys_broken", "gauge",
                           "1: the key-encryption key does not open the store's current data key.",
                           reason != NULL ? 1 : 0);
  if (va_store_count_seals (service->store, &seals, &error))
    va_metrics_text_value (text, "virt_attest_data_key_seals", "gauge",
                           "Upper bound of values sealed under the current data key; at 2147483648 the service creates "
                           "a new one.",
                           (double) seals);
}

const VaServiceModule va_module_rekey = {
  .chore = { .run = make_new_data_key, .seconds = REKEY_SECONDS, .at_start = TRUE },
  .print_metrics = print_seals,
};
