/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "service/launch-record.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/service.h"

/* GET /v1/launch, GET /v1/launch/{launch-id}: launches as their owner sees them. */

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000

gboolean
va_handle_launch_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GPtrArray) list = NULL;
  g_autoptr(GError) reason = NULL;
  JsonArray *launches;
  const char *vm = NULL;
  guint64 limit = LIMIT_DEFAULT;

  if (!va_query_number (request, "limit", 1, LIMIT_MAX, &limit, error) || !va_query_uuid (request, "vm", &vm, error)
      || !va_service_sweep (service, error))
    return FALSE;
  list = va_store_list_launches (service->store, request->identity->name, vm, (guint) limit, &reason);
  if (list == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  launches = json_array_new ();
  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (launches, va_launch_record_write (list->pdata[i]));
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_array_member (response->json, "launches", launches);
  return TRUE;
}

gboolean
va_handle_launch_get (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
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
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("there is no launch %s of yours"), request->parts[0]);
  response->status = 200;
  response->json = va_launch_record_write (launch);
  return TRUE;
}
