/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/host-features.h"
#include "service/audit.h"
#include "service/page.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/store-room.h"
#include "service/service.h"
#include "service/metrics-text.h"
#include "service/module.h"

/* POST, GET /v1/host: what the agents found on their hosts. Shown to people; no rule looks at it. */

#define PAGE_LIMIT 500

/* On record when they are others than before: an agent tells them each time that it starts. */
static gboolean
note_features (VaService *service, VaRequest *request, const VaStoredHost *host, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredHost) known = va_store_get_host (service->store, host->name, &reason);

  if (known != NULL && g_str_equal (known->features, host->features))
    return TRUE;
  if (!va_store_room_for_change (service, request, TRUE, error))
    return FALSE;
  va_audit_entry_decide (va_audit_of (request), VA_AUDIT_VERDICT_CHANGED);
  if (known != NULL || g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
handle_host_put (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(VaStoredHost) host = g_new0 (VaStoredHost, 1);
  g_autoptr(JsonObject) body = va_request_json (request, error);
  g_autoptr(JsonObject) kept = NULL;
  g_autoptr(VaHostFeatures) features = NULL;
  g_autoptr(GError) reason = NULL;

  if (body == NULL)
    return FALSE;
  features = va_host_features_read (body, &reason);
  if (features == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  kept = va_host_features_write (features);
  host->name = g_strdup (request->identity->name);
  host->seen = va_service_now () / 1000;
  host->features = va_json_print (kept);
  if (!note_features (service, request, host, &reason)
      || !va_store_put_host (service->store, host, va_audit_of (request), &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 200;
  response->json = json_object_new ();
  return TRUE;
}

static JsonObject *
write_host (VaService *service, gpointer record, GError **error)
{
  const VaStoredHost *host = record;
  g_autoptr(JsonObject) features = va_stored_json (host->features, "features of a host", error);
  JsonObject *object;

  (void) service;
  if (features == NULL)
    return NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "name", host->name);
  json_object_set_int_member (object, "seen", host->seen);
  json_object_set_object_member (object, "features", g_steal_pointer (&features));
  return object;
}

static const char *
name_of_host (gconstpointer record)
{
  return ((const VaStoredHost *) record)->name;
}

static gboolean
handle_host_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  static const VaListKind kind = { "hosts",    "name",        PAGE_LIMIT,
                                   PAGE_LIMIT, va_query_name, va_store_list_hosts,
                                   write_host, name_of_host,  VA_PROBLEM_NOT_FOUND };
  VaService *service = user_data;
  VaPage page = { NULL };

  return va_list_answer (&kind, service, request, &page, response, error);
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
    va_metrics_text_value (text, "virt_attest_hosts_certificate_not_after_seconds", "gauge",
                           "Earliest expiry of the certificates of hosts seen within a day, in seconds since 1970.",
                           (double) first);
}

const VaServiceModule va_module_host = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/host", VA_BY_HOST, 16 * 1024, handle_host_put, "host-features" },
      { "GET", "/v1/host", VA_BY_OWNER | VA_BY_OPERATOR, 0, handle_host_list, "host-list", FALSE, VA_PAGE_MEMORY },
      { NULL },
    },
  .print_metrics = print_hosts,
};
