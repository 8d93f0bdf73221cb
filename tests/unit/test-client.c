/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "http/client/client.h"
#include "http/server/server.h"
#include "client-fixture.h"

#define OWNER VA_ROLE_BIT (VA_ROLE_OWNER)

#define UPLOAD (300 * 1024)

static gboolean
on_json (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  response->json = va_request_json (request, error);
  if (response->json != NULL)
    json_object_set_string_member (response->json, "by", request->identity->name);
  return response->json != NULL;
}

static gboolean
on_raw (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  response->status = 201;
  response->json = json_object_new ();
  json_object_set_int_member (response->json, "size", (gint64) va_secret_size (request->body));
  return TRUE;
}

static gboolean
on_delete (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  response->status = 204;
  return TRUE;
}

static gboolean
on_refuse (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_MEASUREMENT_MISMATCH, "the measurement does not fit");
  return FALSE;
}

static const VaRoute routes[] = {
  { "POST", "/v1/json", OWNER, 1024, on_json },
  { "PUT", "/v1/raw", OWNER, UPLOAD, on_raw },
  { "DELETE", "/v1/thing/{}", OWNER, 0, on_delete },
  { "GET", "/v1/refuse", OWNER, 0, on_refuse },
  { NULL },
};

static VaServer *
serve (Site *site, const char *address)
{
  VaServerSettings settings = { .address = address,
                                .ca_file = site->fixture->ca_file,
                                .certificate_file = site->fixture->server.certificate,
                                .key_file = site->fixture->server.key,
                                .max_connections = 16,
                                .max_connections_per_address = 16,
                                .timeout_seconds = 5,
                                .request_seconds = 5,
                                .threads = 2 };
  g_autoptr(GError) error = NULL;
  VaServer *server = va_server_start (&settings, routes, NULL, &error);

  g_assert_no_error (error);
  return server;
}

typedef struct {
  guint64 last, total;
  guint calls;
} Progress;

static void
on_progress (guint64 sent, guint64 total, gpointer data)
{
  Progress *progress = data;

  g_assert_cmpuint (sent, >, progress->last);
  g_assert_cmpuint (sent, <=, total);
  progress->last = sent;
  progress->total = total;
  progress->calls++;
}

static void
test_with_service (void)
{
  Site site;
  VaServer *server;
  g_autoptr(VaClient) client = NULL;
  g_autoptr(JsonObject) body = json_object_new ();
  g_autoptr(JsonObject) reply = NULL;
  g_autoptr(JsonObject) size = NULL;
  g_autoptr(JsonObject) empty = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *upload = g_strnfill (UPLOAD, 'u');
  Progress progress = { 0 };
  VaClientRequest json = { .method = "POST", .path = "/v1/json", .json = body, .deadline_ms = 5000 };
  VaClientRequest raw = { .method = "PUT",
                          .path = "/v1/raw",
                          .data = upload,
                          .size = UPLOAD,
                          .deadline_ms = 5000,
                          .progress = on_progress,
                          .progress_data = &progress };
  VaClientRequest gone = { .method = "DELETE", .path = "/v1/thing/x%20y", .deadline_ms = 5000 };

  site_open (&site);
  server = serve (&site, "::");
  client = client_for (&site, "localhost", va_server_port (server));
  json_object_set_int_member (body, "n", 7);
  g_assert_true (va_client_call (client, &json, &reply, &error));
  g_assert_no_error (error);
  g_assert_cmpint (json_object_get_int_member (reply, "n"), ==, 7);
  g_assert_cmpstr (json_object_get_string_member (reply, "by"), ==, "anna");
  g_assert_true (va_client_call (client, &raw, &size, &error));
  g_assert_cmpint (json_object_get_int_member (size, "size"), ==, UPLOAD);
  g_assert_cmpuint (progress.last, ==, UPLOAD);
  g_assert_cmpuint (progress.total, ==, UPLOAD);
  g_assert_cmpuint (progress.calls, >, 2);
  g_assert_true (va_client_call (client, &gone, &empty, &error));
  g_assert_cmpuint (json_object_get_size (empty), ==, 0);
  g_assert_true (va_client_call (client, &gone, NULL, &error));
  va_server_stop (server);
  site_close (&site);
}

static void
test_service_refuses (void)
{
  Site site;
  VaServer *server;
  g_autoptr(VaClient) client = NULL;
  g_autoptr(JsonObject) body = json_object_new ();
  g_autofree char *large = g_malloc0 (8 * 1024 * 1024);
  VaClientRequest refuse = { .method = "GET", .path = "/v1/refuse", .deadline_ms = 5000 };
  VaClientRequest unknown = { .method = "GET", .path = "/v1/unknown", .deadline_ms = 5000 };
  VaClientRequest method = { .method = "GET", .path = "/v1/json", .deadline_ms = 5000 };
  VaClientRequest media = { .method = "PUT", .path = "/v1/raw", .json = body, .deadline_ms = 5000 };
  VaClientRequest size = {
    .method = "PUT", .path = "/v1/raw", .data = large, .size = 8 * 1024 * 1024, .deadline_ms = 5000
  };

  site_open (&site);
  server = serve (&site, "127.0.0.1");
  client = client_for (&site, "127.0.0.1", va_server_port (server));
  assert_fails (client, &refuse, VA_PROBLEM_ERROR, VA_PROBLEM_MEASUREMENT_MISMATCH, "the measurement does not fit");
  assert_fails (client, &unknown, VA_PROBLEM_ERROR, VA_PROBLEM_NOT_FOUND, "this path does not exist");
  assert_fails (client, &method, VA_PROBLEM_ERROR, VA_PROBLEM_METHOD, "POST");
  assert_fails (client, &media, VA_PROBLEM_ERROR, VA_PROBLEM_MEDIA_TYPE, "octet-stream");
  assert_fails (client, &size, VA_PROBLEM_ERROR, VA_PROBLEM_TOO_LARGE, "larger");
  va_server_stop (server);
  site_close (&site);
}

static void
test_client_certificate_refused (void)
{
  Site site;
  VaServer *server;
  g_autoptr(VaCaPair) foreign = va_ca_create ("Other CA", VA_CA_P256, 1, NULL);
  VaCaRequest request = { .role = VA_ROLE_OWNER, .name = "mallory" };
  g_auto(FixtureFiles) files = { 0 };
  g_autofree char *url = NULL;
  g_autoptr(VaClient) client = NULL;
  VaClientRequest gone = { .method = "DELETE", .path = "/v1/thing/x", .deadline_ms = 5000 };

  site_open (&site);
  files = fixture_write (site.fixture, "mallory", va_ca_issue (foreign, &request, NULL));
  server = serve (&site, "127.0.0.1");
  url = g_strdup_printf ("https://127.0.0.1:%u", va_server_port (server));
  client = va_client_new (url, site.fixture->ca_file, files.certificate, files.key, NULL);
  g_assert_nonnull (client);
  assert_fails (client, &gone, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "cannot reach the service at https://127.0.0.1:");
  va_server_stop (server);
  site_close (&site);
}

typedef struct {
  Site *site;
  guint16 port;
} Late;

/* Takes the port that nobody listened at, a while after it was asked for the first time. */
static gpointer
start_late (gpointer data)
{
  Late *late = data;
  VaServerSettings settings = { .address = "127.0.0.1",
                                .port = late->port,
                                .ca_file = late->site->fixture->ca_file,
                                .certificate_file = late->site->fixture->server.certificate,
                                .key_file = late->site->fixture->server.key,
                                .max_connections = 16,
                                .max_connections_per_address = 16,
                                .timeout_seconds = 5,
                                .request_seconds = 5,
                                .threads = 2 };
  g_autoptr(GError) error = NULL;
  VaServer *server;

  g_usleep (700000);
  server = va_server_start (&settings, routes, NULL, &error);
  g_assert_no_error (error);
  return server;
}

/* A start at boot, before the network or the service is there. */
static void
test_persists (void)
{
  Site site;
  VaServer *server;
  g_autoptr(VaClient) client = NULL;
  g_autoptr(VaClient) nameless = NULL;
  VaClientRequest gone = { .method = "DELETE", .path = "/v1/thing/x", .deadline_ms = 20000, .persist = TRUE };
  VaClientRequest brief = { .method = "DELETE", .path = "/v1/thing/x", .deadline_ms = 600, .persist = TRUE };
  g_autoptr(GError) error = NULL;
  gint64 began;
  Late late;
  GThread *thread;

  site_open (&site);
  server = serve (&site, "127.0.0.1");
  late = (Late){ &site, va_server_port (server) };
  va_server_stop (server);
  client = client_for (&site, "127.0.0.1", late.port);
  began = g_get_monotonic_time ();
  assert_fails (client, &brief, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "nothing listens there");
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 200000);
  nameless = client_for (&site, "no-such-host.invalid", late.port);
  began = g_get_monotonic_time ();
  g_assert_false (va_client_call (nameless, &brief, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 200000);
  thread = g_thread_new ("late", start_late, &late);
  g_clear_error (&error);
  g_assert_true (va_client_call (client, &gone, NULL, &error));
  va_server_stop (g_thread_join (thread));
  site_close (&site);
}

/* A certificate of the client's that has ended is named, since the server says so little; a new one is taken up. */
static void
test_own_certificate (void)
{
  Site site;
  VaServer *server;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  VaCaRequest old = { .role = VA_ROLE_OWNER, .name = "anna", .not_before = now - 7200, .not_after = now - 60 };
  VaCaRequest new = { .role = VA_ROLE_OWNER, .name = "anna" };
  g_auto(FixtureFiles) files = { 0 };
  g_autofree char *url = NULL;
  g_autoptr(VaClient) client = NULL;
  g_autoptr(GError) error = NULL;
  VaClientRequest gone = { .method = "DELETE", .path = "/v1/thing/x", .deadline_ms = 5000 };

  site_open (&site);
  files = fixture_write (site.fixture, "ended", va_ca_issue (site.fixture->ca, &old, NULL));
  server = serve (&site, "127.0.0.1");
  url = g_strdup_printf ("https://127.0.0.1:%u", va_server_port (server));
  client = va_client_new (url, site.fixture->ca_file, files.certificate, files.key, NULL);
  g_assert_nonnull (client);
  g_assert_cmpint (va_client_certificate_ends (client), <, now);
  assert_fails (client, &gone, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "ended.pem, which expired on 20");
  g_assert_true (g_file_set_contents (files.certificate, "garbage", -1, NULL));
  g_assert_false (va_client_reload (client, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  assert_fails (client, &gone, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "which expired on");
  g_assert_false (va_client_files_changed (client));
  g_assert_false (va_client_files_changed (client));
  fixture_files_clear (&files);
  files = fixture_write (site.fixture, "ended", va_ca_issue (site.fixture->ca, &new, NULL));
  /* Seen once, they may still be about to change. */
  g_assert_false (va_client_files_changed (client));
  g_assert_true (va_client_files_changed (client));
  g_clear_error (&error);
  g_assert_true (va_client_reload (client, &error));
  g_assert_false (va_client_files_changed (client));
  g_assert_cmpint (va_client_certificate_ends (client), >, now);
  g_assert_true (va_client_call (client, &gone, NULL, &error));
  va_server_stop (server);
  site_close (&site);
}

static void
test_unreachable (void)
{
  Site site;
  VaServer *server;
  guint16 port;
  g_autoptr(VaClient) nobody = NULL;
  VaClientRequest request = { .method = "GET", .path = "/v1/x", .deadline_ms = 3000 };

  site_open (&site);
  server = serve (&site, "127.0.0.1");
  port = va_server_port (server);
  va_server_stop (server);
  nobody = client_for (&site, "127.0.0.1", port);
  assert_fails (nobody, &request, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "cannot reach the service at https://127.0.0.1:");
  site_close (&site);
}

static gpointer
call_often (gpointer data)
{
  g_autoptr(JsonObject) body = json_object_new ();
  VaClientRequest json = { .method = "POST", .path = "/v1/json", .json = body, .deadline_ms = 10000 };

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonObject) reply = NULL;

      g_assert_true (va_client_call (data, &json, &reply, &error));
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_threads (void)
{
  Site site;
  VaServer *server;
  g_autoptr(VaClient) client = NULL;
  GThread *threads[4];

  site_open (&site);
  server = serve (&site, "127.0.0.1");
  client = client_for (&site, "127.0.0.1", va_server_port (server));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_often, client);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  va_server_stop (server);
  site_close (&site);
}

static void
test_new_refuses (void)
{
  static const char *const bad[] = { "",
                                     "x",
                                     "http://127.0.0.1:1",
                                     "https://",
                                     "https:///v1",
                                     "https://h/v1",
                                     "https://h?x",
                                     "https://h#x",
                                     "https://u@h",
                                     "https://u:p@h",
                                     "https://h:x",
                                     "https://h:99999999",
                                     "ftp://h" };
  Site site;
  g_autoptr(VaClient) good = NULL;
  GError *errors[4] = { NULL };

  site_open (&site);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (va_client_new (bad[i], site.fixture->ca_file, site.owner.certificate, site.owner.key, &error));
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
    }
  good = va_client_new ("https://h:8443/", site.fixture->ca_file, site.owner.certificate, site.owner.key, NULL);
  g_assert_nonnull (good);
  g_assert_null (va_client_new ("https://h", "/nonexistent/ca", site.owner.certificate, site.owner.key, &errors[0]));
  g_assert_error (errors[0], VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND);
  g_assert_null (va_client_new ("https://h", site.owner.key, site.owner.certificate, site.owner.key, &errors[1]));
  g_assert_error (errors[1], VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  g_assert_null (va_client_new ("https://h", site.fixture->ca_file, site.owner.certificate, site.fixture->server.key,
                                &errors[2]));
  g_assert_error (errors[2], VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  g_assert_null (va_client_new ("https://h", site.fixture->ca_file, site.owner.certificate, site.owner.certificate,
                                &errors[3]));
  g_assert_error (errors[3], VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    g_clear_error (&errors[i]);
  site_close (&site);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/with-service", test_with_service);
  g_test_add_func ("/client/service-refuses", test_service_refuses);
  g_test_add_func ("/client/client-certificate-refused", test_client_certificate_refused);
  g_test_add_func ("/client/persists", test_persists);
  g_test_add_func ("/client/own-certificate", test_own_certificate);
  g_test_add_func ("/client/unreachable", test_unreachable);
  g_test_add_func ("/client/threads", test_threads);
  g_test_add_func ("/client/new-refuses", test_new_refuses);
  return g_test_run ();
}
