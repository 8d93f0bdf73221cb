/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "service/log.h"
#include "service/refusal.h"
#include "service/service.h"
#include "service/metrics-text.h"
#include "service/module.h"
#include "store/error.h"

/* GET /v1/healthz: the program answers. GET /v1/readyz: it can do its work, and goes on to. */

static void
say_ok (VaResponse *response)
{
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_string_member (response->json, "status", "ok");
  json_object_set_string_member (response->json, "version", PACKAGE_VERSION);
}

static gboolean
handle_healthz (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  say_ok (response);
  return TRUE;
}

static gboolean
check_readiness (VaService *service, GError **error)
{
  if (atomic_load (&service->readiness.stopping))
    return va_refuse (error, VA_PROBLEM_NOT_READY,
                      _("the service is stopping; use another one, or retry when it is back"));
  if (atomic_load (&service->readiness.certificate_ends) <= va_service_now () / 1000)
    return va_refuse (error, VA_PROBLEM_NOT_READY,
                      _("the service's own certificate has expired; its operator must issue a new one and reload the "
                        "service"));
  if (atomic_load (&service->server.revocation_is_bad))
    return va_refuse (error, VA_PROBLEM_NOT_READY,
                      _("the deny list or the revocation list has an invalid entry; its operator finds it in the "
                        "service's journal and must correct it"));
  return TRUE;
}

/* Whoever watches the service asks every few seconds: the log says it once, and again when the cause is another one. */
static void
note_keys (VaReadiness *readiness, const char *why)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&readiness->mutex);

  if (g_strcmp0 (readiness->keys_said, why) == 0)
    return;
  if (why != NULL)
    va_log (VA_LOG_ERROR, "cannot open the store's data keys: %s", why);
  else
    va_log (VA_LOG_INFO, "the store's data keys open again");
  g_free (readiness->keys_said);
  readiness->keys_said = g_strdup (why);
}

/* They may be others than at the start: the operator gave the store new ones, perhaps under another key-encryption
   key. */
static gboolean
check_keys (VaService *service, GError **error)
{
  g_autoptr(GError) reason = NULL;

  if (va_store_check_keys (service->store, &reason))
    {
      note_keys (&service->readiness, NULL);
      return TRUE;
    }
  if (g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_FAILED))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_STORE);
  note_keys (&service->readiness, reason->message);
  return va_refuse (error, VA_PROBLEM_NOT_READY,
                    _("the service's key-encryption key does not open the keys in its store; its operator must install "
                      "the configuration with the right key and restart the service or, if the keys in the database "
                      "were tampered with, restore a backup"));
}

static gboolean
handle_readyz (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;

  if (!check_readiness (service, error))
    return FALSE;
  if (!va_store_ping (service->store, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_STORE);
  if (!check_keys (service, error))
    return FALSE;
  say_ok (response);
  return TRUE;
}

static void
print_readiness (VaService *service, GString *text)
{
  va_metrics_text_value (text, "virt_attest_certificate_not_after_seconds", "gauge",
                         "Expiry of the service's own certificate, in seconds since 1970.",
                         (double) atomic_load (&service->readiness.certificate_ends));
}

const VaServiceModule va_module_health = {
  .routes =
    (const VaRoute[]){
      { "GET", "/v1/healthz", VA_BY_ANYBODY, 0, handle_healthz, "healthz" },
      { "GET", "/v1/readyz", VA_BY_ANYBODY, 0, handle_readyz, "readyz" },
      { NULL },
    },
  .print_metrics = print_readiness,
};
