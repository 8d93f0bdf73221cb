/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "service/launch-record.h"
#include "service/page.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/service.h"
#include "service/metrics-text.h"
#include "service/module.h"

/* GET /v1/launch, GET /v1/launch/{launch-id}: launches as their owner sees them. */

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000

static JsonObject *
write_listed_launch (VaService *service, gpointer record, GError **error)
{
  (void) service, (void) error;
  return va_launch_record_write (record);
}

static const char *
id_of_launch (gconstpointer record)
{
  return ((const VaStoredLaunch *) record)->id;
}

static gboolean
handle_launch_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  static const VaListKind kind = { "launches",          "launch-id",   LIMIT_DEFAULT,
                                   LIMIT_MAX,           va_query_uuid, va_store_list_launches,
                                   write_listed_launch, id_of_launch,  VA_PROBLEM_LAUNCH_UNKNOWN };
  VaService *service = user_data;
  VaPage page = { .owner = request->identity->name };

  return va_query_uuid (request, "vm", &page.vm, error) && va_service_sweep (service, error)
         && va_list_answer (&kind, service, request, &page, response, error);
}

static gboolean
handle_launch_get (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(VaStoredLaunch) launch = NULL;
  g_autoptr(GError) reason = NULL;

  if (!va_service_sweep (service, error))
    return FALSE;
  launch = va_store_get_launch (service->store, request->parts[0], &reason);
  if (launch == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  if (!g_str_equal (launch->owner, request->identity->name))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), request->parts[0]);
  response->status = 200;
  response->json = va_launch_record_write (launch);
  return TRUE;
}

/* What the database cannot tell just now is left out, not said to be 0. */
static void
print_launch_states (VaService *service, GString *text)
{
  g_autoptr(GError) error = NULL;
  guint64 waiting, active;

  if (!va_store_count_launches (service->store, &waiting, &active, &error))
    {
      g_debug ("launches could not be counted: %s", error->message);
      return;
    }
  va_metrics_text_value (text, "virt_attest_launches_waiting", "gauge", "Launches waiting for an owner's confirmation.",
                         (double) waiting);
  va_metrics_text_value (text, "virt_attest_launches_active", "gauge", "Launches that are open, validated or running.",
                         (double) active);
}

const VaServiceModule va_module_launch_list = {
  .routes =
    (const VaRoute[]){
      { "GET", "/v1/launch", VA_BY_OWNER, 0, handle_launch_list, "launch-list", FALSE, VA_PAGE_MEMORY },
      { "GET", "/v1/launch/{}", VA_BY_OWNER, 0, handle_launch_get, "launch-show" },
      { NULL },
    },
  .print_metrics = print_launch_states,
};
