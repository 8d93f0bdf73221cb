/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <time.h>
#include "core/error.h"
#include "server-fixture.h"

#define OWNER VA_ROLE_BIT (VA_ROLE_OWNER)

#define HOST VA_ROLE_BIT (VA_ROLE_HOST)

static gboolean
on_echo (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_atomic_int_inc (&((State *) data)->calls);
  response->json = json_object_new ();
  for (guint i = 0; i < 4 && request->parts[i] != NULL; i++)
    json_object_set_string_member (response->json, ((const char *[]){ "a", "b", "c", "d" })[i], request->parts[i]);
  json_object_set_string_member (response->json, "role", va_role_name (request->identity->role));
  json_object_set_string_member (response->json, "name", request->identity->name);
  json_object_set_string_member (response->json, "id", request->request_id);
  if (va_request_query (request, "q") != NULL)
    json_object_set_string_member (response->json, "q", va_request_query (request, "q"));
  return TRUE;
}

static gboolean
on_json (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_atomic_int_inc (&((State *) data)->calls);
  response->status = 201;
  response->json = va_request_json (request, error);
  return response->json != NULL;
}

static gboolean
on_raw (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_autoptr(VaSecret) body = g_steal_pointer (&request->body);

  g_atomic_int_inc (&((State *) data)->calls);
  response->text = g_compute_checksum_for_data (G_CHECKSUM_SHA256, va_secret_data (body), va_secret_size (body));
  return TRUE;
}

static gboolean
on_delete (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  response->status = 204;
  return TRUE;
}

static gboolean
on_problem (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_PERMIT_EXHAUSTED, "all %d launches are used", 3);
  return FALSE;
}

static gboolean
on_fail (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "inner-detail");
  return FALSE;
}

static gboolean
on_slow (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  g_atomic_int_inc (&((State *) data)->calls);
  g_usleep (500 * 1000);
  response->text = g_strdup ("slow but sure");
  return TRUE;
}

static gboolean
on_large (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  response->text = g_strnfill (LARGE, 'l');
  return TRUE;
}

const VaRoute site_routes[] = {
  { "GET", "/v1/large", OWNER, 0, on_large },
  { "PUT", "/v1/image", OWNER, 2 * LARGE, on_raw },
  { "GET", "/v1/thing/{}", OWNER, 0, on_echo },
  { "DELETE", "/v1/thing/{}", OWNER, 0, on_delete },
  { "GET", "/v1/thing/{}/part/{}", OWNER | HOST, 0, on_echo },
  { "POST", "/v1/json", OWNER, 1024, on_json },
  { "PUT", "/v1/raw", OWNER, RAW_MAX, on_raw },
  { "GET", "/v1/problem", OWNER, 0, on_problem },
  { "GET", "/v1/fail", OWNER, 0, on_fail },
  { "GET", "/v1/slow", OWNER, 0, on_slow },
  { "GET", "/v1/open", 0, 0, on_delete },
  { NULL },
};

VaServerSettings
usual_settings (Fixture *fixture)
{
  return (VaServerSettings){ .address = "127.0.0.1",
                             .ca_file = fixture->ca_file,
                             .certificate_file = fixture->server.certificate,
                             .key_file = fixture->server.key,
                             .max_connections = 64,
                             .max_connections_per_address = 64,
                             .timeout_seconds = 5,
                             .request_seconds = 5,
                             .threads = 2 };
}

void
site_start (Site *site, const VaServerSettings *settings)
{
  g_autoptr(GError) error = NULL;

  site->server = va_server_start (settings, site_routes, &site->state, &error);
  g_assert_no_error (error);
  site->port = va_server_port (site->server);
  g_assert_cmpuint (site->port, >, 0);
}

void
site_init (Site *site)
{
  memset (site, 0, sizeof *site);
  site->fixture = fixture_new ();
  site->owner = fixture_client (site->fixture, VA_ROLE_OWNER, "anna");
  site->host = fixture_client (site->fixture, VA_ROLE_HOST, "node-1");
}

void
site_open (Site *site)
{
  VaServerSettings settings;

  site_init (site);
  settings = usual_settings (site->fixture);
  site_start (site, &settings);
}

void
site_close (Site *site)
{
  if (site->server != NULL)
    va_server_stop (site->server);
  fixture_files_clear (&site->owner);
  fixture_files_clear (&site->host);
  fixture_free (site->fixture);
}

char *
ask_as (Site *site, const FixtureFiles *files, const char *request)
{
  g_autoptr(RawClient) client = raw_client_new (site->port, NULL, files, TLS13);

  g_assert_nonnull (client);
  g_assert_true (raw_client_send (client, request, -1));
  return raw_client_answer (client);
}

void
assert_status (const char *answer, guint status)
{
  g_autofree char *start = g_strdup_printf ("HTTP/1.1 %u ", status);

  if (!g_str_has_prefix (answer, start))
    g_error ("expected status %u, found: %s", status, answer);
}

const char *
body_of (const char *answer)
{
  const char *end = strstr (answer, "\r\n\r\n");

  return end != NULL ? end + 4 : "";
}

void
assert_problem (const char *answer, VaProblemCode code)
{
  const char *body = body_of (answer);
  g_autoptr(GError) error = va_problem_read (va_problem_status (code), body, strlen (body));

  assert_status (answer, va_problem_status (code));
  g_assert_error (error, VA_PROBLEM_ERROR, (int) code);
  g_assert_nonnull (strstr (answer, "application/problem+json"));
  g_assert_nonnull (strstr (answer, "Request-Id: "));
}

void
assert_no_answer (Site *site, const char *address, const FixtureFiles *files, const char *priority)
{
  g_autoptr(RawClient) client = raw_client_new (site->port, address, files, priority);
  g_autofree char *answer = NULL;

  if (client == NULL)
    return;
  raw_client_send (client, GET ("/v1/open"), -1);
  answer = raw_client_read (client, 1000);
  g_assert_cmpstr (answer, ==, "");
}

gint64
cpu_ms (void)
{
  struct timespec spent;

  g_assert_cmpint (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &spent), ==, 0);
  return (gint64) spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}
