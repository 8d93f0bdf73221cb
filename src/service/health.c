/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/refusal.h"
#include "service/service.h"

/* GET /v1/healthz: the program answers. GET /v1/readyz: its store does too. */

static void
say_ok (VaResponse *response)
{
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_string_member (response->json, "status", "ok");
  json_object_set_string_member (response->json, "version", PACKAGE_VERSION);
}

gboolean
va_handle_healthz (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  say_ok (response);
  return TRUE;
}

gboolean
va_handle_readyz (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;

  if (!va_store_ping (service->store, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_STORE);
  say_ok (response);
  return TRUE;
}
