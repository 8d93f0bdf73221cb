/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/host-features.h"
#include "service/metrics-text.h"
#include "service/store-room.h"
#include "service/service.h"
#include "store/error.h"

/* GET /v1/metrics, /metrics: for Prometheus. */

static void
print_service_metric (GString *text, const char *name, const char *type, const char *help, double value)
{
  va_metrics_text_family (text, name, type, help);
  va_metrics_text_sample (text, name, value, NULL);
}

static void
print_seals (VaService *service, GString *text)
{
  g_autoptr(GError) error = NULL, reason = NULL;
  guint64 seals;

  if (va_store_check_keys (service->store, &reason) || !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_FAILED))
    print_service_metric (text, "virt_attest_store_keys_broken", "gauge",
                          "1: the key-encryption key does not open the data key that the store has now.",
                          reason != NULL ? 1 : 0);
  if (va_store_count_seals (service->store, &seals, &error))
    print_service_metric (text, "virt_attest_data_key_seals", "gauge",
                          "Values sealed under the present data key, at the most; at 2147483648 the service makes a "
                          "new one.",
                          (double) seals);
}

static void
print_audit (VaService *service, GString *text)
{
  print_service_metric (text, "virt_attest_audit_broken", "gauge",
                        "1: the stored audit log was changed by other hands, and is not signed any more.",
                        va_audit_trail_is_broken (service->trail) ? 1 : 0);
}

static void
print_readiness (VaService *service, GString *text)
{
  print_service_metric (text, "virt_attest_certificate_not_after_seconds", "gauge",
                        "When the service's own certificate ends, in seconds since 1970.",
                        (double) atomic_load (&service->readiness.certificate_ends));
}

#define HOST_PAGE 500
#define HOST_BYTES (1024 * 1024)
#define HOST_SECONDS \
  (24 * 3600) /* an agent tells its features each hour; who was silent for longer is no host any more */

/* The first end of a certificate among @hosts, or @first if that is earlier; 0: none said. */
static guint64
first_end (const GPtrArray *hosts, guint64 first)
{
  gint64 now = va_service_now () / 1000;

  for (guint i = 0; i < hosts->len; i++)
    {
      const VaStoredHost *host = hosts->pdata[i];
      g_autoptr(JsonObject) object = va_json_parse (host->features, strlen (host->features), NULL);
      g_autoptr(VaHostFeatures) features = object != NULL ? va_host_features_read (object, NULL) : NULL;

      if (features != NULL && features->certificate_ends != 0 && now - host->seen < HOST_SECONDS
          && (first == 0 || features->certificate_ends < first))
        first = features->certificate_ends;
    }
  return first;
}

static void
print_hosts (VaService *service, GString *text)
{
  VaPage page = { .limit = HOST_PAGE, .bytes = HOST_BYTES };
  g_autofree char *after = NULL;
  gboolean more = TRUE;
  guint64 first = 0;

  while (more)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GPtrArray) hosts = va_store_list_hosts (service->store, &page, &more, &error);

      if (hosts == NULL || hosts->len == 0)
        break;
      first = first_end (hosts, first);
      g_free (after);
      after = g_strdup (((const VaStoredHost *) hosts->pdata[hosts->len - 1])->name);
      page.after = after;
    }
  if (first != 0)
    print_service_metric (text, "virt_attest_hosts_certificate_not_after_seconds", "gauge",
                          "When the first certificate of the hosts that were heard of within a day ends, in seconds "
                          "since 1970.",
                          (double) first);
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
  print_service_metric (text, "virt_attest_launches_waiting", "gauge",
                        "Launches that wait for an owner's confirmation.", (double) waiting);
  print_service_metric (text, "virt_attest_launches_active", "gauge", "Launches that are open, validated or running.",
                        (double) active);
}

static void
print_size (VaService *service, GString *text)
{
  guint64 rows[VA_STORE_TABLES], bytes;

  if (va_store_room_used (service, &bytes))
    print_service_metric (text, "virt_attest_store_bytes", "gauge",
                          "Bytes of the store's database; from store-mib on nothing new is stored but launches.",
                          (double) bytes);
  if (!va_store_room_rows (service, rows))
    return;
  va_metrics_text_family (text, "virt_attest_store_rows", "gauge",
                          "Rows of the store's tables, counted once a minute.");
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    va_metrics_text_sample (text, "virt_attest_store_rows", (double) rows[i], "table", va_store_table_name (i), NULL);
}

static void
print_store (VaService *service, GString *text)
{
  VaStoreStatistics store;
  guint64 room;

  va_store_statistics (service->store, &store);
  if (va_store_room_free (service, &room))
    print_service_metric (text, "virt_attest_store_free_bytes", "gauge",
                          "Free bytes of the file system that the store is in; below reserve-mib nothing new is stored "
                          "but launches.",
                          (double) room);
  print_service_metric (text, "virt_attest_store_up", "gauge", "Whether the database answered last time.",
                        store.up ? 1 : 0);
  print_service_metric (text, "virt_attest_store_transactions_total", "counter", "Transactions with a change.",
                        (double) store.transactions);
  print_service_metric (text, "virt_attest_store_commits_total", "counter",
                        "Commits, one for all transactions that waited at the same time.", (double) store.commits);
  print_service_metric (text, "virt_attest_store_failures_total", "counter", "Commits that failed.",
                        (double) store.failures);
  print_service_metric (text, "virt_attest_store_connects_total", "counter",
                        "Connections to the database that were tried.", (double) store.connects);
  print_service_metric (text, "virt_attest_store_commit_seconds_total", "counter", "Time of all commits together.",
                        store.seconds);
}

gboolean
va_handle_metrics (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  GString *text = g_string_new (NULL);

  va_metrics_print (service->metrics, &service->server, text);
  print_launch_states (service, text);
  print_store (service, text);
  print_size (service, text);
  print_audit (service, text);
  print_seals (service, text);
  print_readiness (service, text);
  print_hosts (service, text);
  print_service_metric (text, "virt_attest_secrets_not_locked_bytes", "gauge",
                        "Bytes of secrets that are not in locked memory, because RLIMIT_MEMLOCK is used up.",
                        (double) va_secret_not_locked ());
  va_metrics_print_process (text);
  response->status = 200;
  response->type = VA_METRICS_TEXT_TYPE;
  response->text = g_string_free (text, FALSE);
  return TRUE;
}
