/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/metrics-text.h"
#include "service/service.h"

/* GET /v1/metrics, /metrics: for Prometheus. */

static void
print_readiness (VaService *service, GString *text)
{
  va_metrics_text_family (text, "virt_attest_certificate_not_after_seconds", "gauge",
                          "When the service's own certificate ends, in seconds since 1970.");
  va_metrics_text_sample (text, "virt_attest_certificate_not_after_seconds",
                          (double) atomic_load (&service->readiness.certificate_ends), NULL);
}

gboolean
va_handle_metrics (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  GString *text = g_string_new (NULL);

  va_metrics_print (service->metrics, &service->server, text);
  print_readiness (service, text);
  va_metrics_print_process (text);
  response->status = 200;
  response->type = VA_METRICS_TEXT_TYPE;
  response->text = g_string_free (text, FALSE);
  return TRUE;
}
