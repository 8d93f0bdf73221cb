/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/metrics-text.h"
#include "service/module.h"

/* GET /v1/metrics, /metrics: for Prometheus. */

#define READERS (VA_BY_OPERATOR | VA_BY_AUDITOR | VA_BY_METRICS)

static gboolean
handle_metrics (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  GString *text = g_string_new (NULL);

  va_metrics_print (service->metrics, &service->server, text);
  for (guint i = 0; service->modules[i] != NULL; i++)
    if (service->modules[i]->print_metrics != NULL)
      service->modules[i]->print_metrics (service, text);
  va_metrics_text_value (text, "virt_attest_secrets_not_locked_bytes", "gauge",
                         "Bytes of secrets that are not in locked memory, because RLIMIT_MEMLOCK is exhausted.",
                         (double) va_secret_not_locked ());
  va_metrics_print_process (text);
  response->status = 200;
  response->type = VA_METRICS_TEXT_TYPE;
  response->text = g_string_free (text, FALSE);
  return TRUE;
}

const VaServiceModule va_module_metrics = {
  .routes =
    (const VaRoute[]){
      { "GET", "/v1/metrics", READERS, 0, handle_metrics, "metrics" },
      { "GET", "/metrics", READERS, 0, handle_metrics, "metrics" },
      { NULL },
    },
};
