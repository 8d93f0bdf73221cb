/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/log.h"
#include "service/refusal.h"
#include "service/service.h"
#include "service/module.h"

#define SWEEP_SECONDS_MAX 5

gint64
va_service_now (void)
{
  return g_get_real_time () / 1000;
}

gboolean
va_service_sweep (VaService *service, GError **error)
{
  g_autoptr(GError) reason = NULL;
  guint count = 0;

  if (!va_store_expire_launches (service->store, va_service_now (), &count, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  if (count > 0)
    va_log (VA_LOG_INFO, "launches that expired because they were not validated in time: %u", count);
  return TRUE;
}

static void
sweep_store (VaService *service)
{
  g_autoptr(GError) error = NULL;

  /* What went wrong is in the log already. */
  if (!va_service_sweep (service, &error))
    g_clear_error (&error);
}

static guint
seconds_to_sweep (const VaService *service)
{
  return (guint) MIN (service->launch_ms / 1000, SWEEP_SECONDS_MAX);
}

const VaServiceModule va_module_sweep = {
  .chore = { .run = sweep_store, .seconds_of = seconds_to_sweep },
};
