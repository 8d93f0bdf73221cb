/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include "core/error.h"
#include "core/random.h"
#include "http/server/server.h"
#include "tls-fixture.h"

#define OWNER VA_ROLE_BIT (VA_ROLE_OWNER)
#define HOST VA_ROLE_BIT (VA_ROLE_HOST)
#define RAW_MAX (200 * 1024)

typedef struct {
  gint calls; /* atomic: handlers that ran */
} State;

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

#define LARGE (12u * 1024 * 1024) /* more than the kernel takes off a server's hands */

static gboolean
on_large (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  response->text = g_strnfill (LARGE, 'l');
  return TRUE;
}

static const VaRoute routes[] = {
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

typedef struct {
  Fixture *fixture;
  FixtureFiles owner, host;
  State state;
  VaServer *server;
  guint16 port;
} Site;

static VaServerSettings
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

static void
site_start (Site *site, const VaServerSettings *settings)
{
  g_autoptr(GError) error = NULL;

  site->server = va_server_start (settings, routes, &site->state, &error);
  g_assert_no_error (error);
  site->port = va_server_port (site->server);
  g_assert_cmpuint (site->port, >, 0);
}

static void
site_init (Site *site)
{
  memset (site, 0, sizeof *site);
  site->fixture = fixture_new ();
  site->owner = fixture_client (site->fixture, VA_ROLE_OWNER, "anna");
  site->host = fixture_client (site->fixture, VA_ROLE_HOST, "node-1");
}

static void
site_open (Site *site)
{
  VaServerSettings settings;

  site_init (site);
  settings = usual_settings (site->fixture);
  site_start (site, &settings);
}

static void
site_close (Site *site)
{
  if (site->server != NULL)
    va_server_stop (site->server);
  fixture_files_clear (&site->owner);
  fixture_files_clear (&site->host);
  fixture_free (site->fixture);
}

static char *
ask_as (Site *site, const FixtureFiles *files, const char *request)
{
  g_autoptr(RawClient) client = raw_client_new (site->port, NULL, files, TLS13);

  g_assert_nonnull (client);
  g_assert_true (raw_client_send (client, request, -1));
  return raw_client_answer (client);
}

static void
assert_status (const char *answer, guint status)
{
  g_autofree char *start = g_strdup_printf ("HTTP/1.1 %u ", status);

  if (!g_str_has_prefix (answer, start))
    g_error ("expected status %u, found: %s", status, answer);
}

static const char *
body_of (const char *answer)
{
  const char *end = strstr (answer, "\r\n\r\n");

  return end != NULL ? end + 4 : "";
}

static void
assert_problem (const char *answer, VaProblemCode code)
{
  const char *body = body_of (answer);
  g_autoptr(GError) error = va_problem_read (va_problem_status (code), body, strlen (body));

  assert_status (answer, va_problem_status (code));
  g_assert_error (error, VA_PROBLEM_ERROR, (int) code);
  g_assert_nonnull (strstr (answer, "application/problem+json"));
  g_assert_nonnull (strstr (answer, "Request-Id: "));
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define SEND(method, path, type, length) \
  method " " path " HTTP/1.1\r\nHost: x\r\nContent-Type: " type "\r\nContent-Length: " length "\r\n\r\n"
#define JSON "application/json"
#define RAW "application/octet-stream"

static void
assert_request_id (Site *site, const char *given, gboolean taken)
{
  g_autofree char *request = g_strdup_printf ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nRequest-Id: %s\r\n\r\n", given);
  g_autofree char *answer = ask_as (site, &site->owner, request);
  g_autoptr(JsonObject) object = va_json_parse (body_of (answer), strlen (body_of (answer)), NULL);
  const char *id = json_object_get_string_member (object, "id");
  g_autofree char *header = g_strdup_printf ("\r\nRequest-Id: %s\r\n", id);

  assert_status (answer, 200);
  g_assert_nonnull (strstr (answer, header));
  if (taken)
    g_assert_cmpstr (id, ==, given);
  else
    g_assert_true (g_uuid_string_is_valid (id));
}

static void
test_request_ids (void)
{
  Site site;
  g_autofree char *most = g_strnfill (64, 'z'), *more = g_strnfill (65, 'z');

  site_open (&site);
  assert_request_id (&site, "Ab-12345", TRUE);
  assert_request_id (&site, most, TRUE);
  assert_request_id (&site, "1234567", FALSE);
  assert_request_id (&site, more, FALSE);
  assert_request_id (&site, "", FALSE);
  assert_request_id (&site, "12345678 verdict=granted", FALSE);
  assert_request_id (&site, "1234567\xc3\xa4", FALSE);
  assert_request_id (&site, "1234%0a5678", FALSE);
  assert_request_id (&site, "\"12345678\"", FALSE);
  site_close (&site);
}

static void
test_answers (void)
{
  Site site;
  g_autofree char *echo = NULL, *two = NULL, *posted = NULL, *gone = NULL;
  g_autoptr(JsonObject) object = NULL;

  site_open (&site);
  echo = ask_as (&site, &site.owner, GET ("/v1/thing/x%20y?q=a%2Fb&r=1"));
  assert_status (echo, 200);
  object = va_json_parse (body_of (echo), strlen (body_of (echo)), NULL);
  g_assert_nonnull (object);
  g_assert_cmpstr (json_object_get_string_member (object, "a"), ==, "x y");
  g_assert_false (json_object_has_member (object, "b"));
  g_assert_cmpstr (json_object_get_string_member (object, "q"), ==, "a/b");
  g_assert_cmpstr (json_object_get_string_member (object, "role"), ==, "owner");
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, "anna");
  g_assert_nonnull (strstr (echo, json_object_get_string_member (object, "id")));
  g_assert_nonnull (strstr (echo, "Cache-Control: no-store\r\n"));
  g_assert_nonnull (strstr (echo, "Content-Type: application/json\r\n"));
  two = ask_as (&site, &site.host, GET ("/v1/thing/x/part/z"));
  g_assert_nonnull (strstr (two, "\"b\":\"z\""));
  g_assert_nonnull (strstr (two, "\"name\":\"node-1\""));
  posted = ask_as (&site, &site.owner, SEND ("POST", "/v1/json", JSON "; charset=utf-8", "9") "{\"a\": 1 }");
  assert_status (posted, 201);
  gone = ask_as (&site, &site.owner, "DELETE /v1/thing/x HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_status (gone, 204);
  site_close (&site);
}

static void
test_keep_alive_and_bodies (void)
{
  Site site;
  RawClient *client;
  g_autofree char *data = g_malloc (RAW_MAX);
  g_autofree char *sum = NULL, *head = NULL;

  for (gsize i = 0; i < RAW_MAX; i++)
    data[i] = (char) (i * 7 + i / 251);
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) data, RAW_MAX);
  head =
    g_strdup_printf ("PUT /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Type: " RAW "\r\nContent-Length: %d\r\n\r\n", RAW_MAX);
  site_open (&site);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_nonnull (client);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *answer = NULL;

      g_assert_true (raw_client_send (client, head, -1));
      g_assert_true (raw_client_send (client, data, RAW_MAX));
      answer = raw_client_answer (client);
      assert_status (answer, 200);
      g_assert_cmpstr (body_of (answer), ==, sum);
    }
  raw_client_free (client);
  site_close (&site);
}

static void
test_routes_refuse (void)
{
  static const struct {
    const char *request;
    VaProblemCode code;
  } bad[] = {
    { GET ("/"), VA_PROBLEM_NOT_FOUND },
    { GET ("/v1/thing"), VA_PROBLEM_NOT_FOUND },
    { GET ("/v1/thing/"), VA_PROBLEM_NOT_FOUND },
    { GET ("/v1/thing/x/"), VA_PROBLEM_NOT_FOUND },
    { GET ("//v1/thing/x"), VA_PROBLEM_NOT_FOUND },
    { GET ("/v1/thing/x/part"), VA_PROBLEM_NOT_FOUND },
    { GET ("/v1/json%00/x"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a%2fb"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a%1b"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a%0aFAKE"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a?q=%7f"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a%zz"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a%"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/a%ff"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/\xc3\xa4"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/x?q=%00"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/x?q=%ff"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/thing/x?q=1&q=2"), VA_PROBLEM_BAD_REQUEST },
    { GET ("/v1/json"), VA_PROBLEM_METHOD },
    { "POST /v1/thing/x HTTP/1.1\r\nHost: x\r\n\r\n", VA_PROBLEM_METHOD },
    { "TRACE /v1/json HTTP/1.1\r\nHost: x\r\n\r\n", VA_PROBLEM_METHOD },
    { GET ("/v1/problem"), VA_PROBLEM_PERMIT_EXHAUSTED },
    { SEND ("POST", "/v1/json", JSON, "3") "{]}", VA_PROBLEM_BAD_REQUEST },
    { SEND ("POST", "/v1/json", JSON, "0"), VA_PROBLEM_BAD_REQUEST },
    { SEND ("POST", "/v1/json", "text/plain", "2") "{}", VA_PROBLEM_MEDIA_TYPE },
    { SEND ("POST", "/v1/json", "application/jsonx", "2") "{}", VA_PROBLEM_MEDIA_TYPE },
    { SEND ("POST", "/v1/json", RAW, "2") "{}", VA_PROBLEM_MEDIA_TYPE },
    { "POST /v1/json HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", VA_PROBLEM_MEDIA_TYPE },
    { SEND ("PUT", "/v1/raw", JSON, "2") "{}", VA_PROBLEM_MEDIA_TYPE },
    { SEND ("GET", "/v1/problem", JSON, "2") "{}", VA_PROBLEM_TOO_LARGE },
    { SEND ("POST", "/v1/json", JSON, "1025"), VA_PROBLEM_TOO_LARGE },
    { SEND ("PUT", "/v1/raw", RAW, "204801"), VA_PROBLEM_TOO_LARGE },
    { SEND ("PUT", "/v1/raw", RAW, "99999999999"), VA_PROBLEM_TOO_LARGE },
  };
  Site site;
  g_autofree char *nul = NULL;

  site_open (&site);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *answer = NULL;
      g_autofree char *filled = NULL;

      g_test_message ("%s", bad[i].request);
      /* A body that is announced within what is read away has to come. */
      if (strstr (bad[i].request, "Length: 1025") != NULL)
        {
          g_autofree char *fill = g_strnfill (1025, ' ');

          filled = g_strconcat (bad[i].request, fill, NULL);
        }
      answer = ask_as (&site, &site.owner, filled != NULL ? filled : bad[i].request);
      assert_problem (answer, bad[i].code);
      if (bad[i].code == VA_PROBLEM_METHOD)
        g_assert_nonnull (strstr (answer, "\r\nAllow: "));
    }
  nul = ask_as (&site, &site.owner, GET ("/v1/json"));
  g_assert_nonnull (strstr (nul, "\r\nAllow: POST\r\n"));
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 3); /* the two broken bodies, and JSON sent as bytes */
  site_close (&site);
}

/* Sends @size bytes; the answer must be that code, and after it nothing but the connection's end. */
static void
assert_refused_and_closed (Site *site, const char *request, gsize size, VaProblemCode code)
{
  g_autoptr(RawClient) client = raw_client_new (site->port, NULL, &site->owner, TLS13);
  g_autofree char *answer = NULL, *more = NULL;

  g_assert_nonnull (client);
  g_assert_true (raw_client_send (client, request, (gssize) size));
  answer = raw_client_answer (client);
  assert_problem (answer, code);
  g_assert_nonnull (strstr (answer, "Connection: close\r\n"));
  more = raw_client_read (client, 1);
  g_assert_cmpstr (more, ==, "");
}

#define POST_HEAD "POST /v1/json HTTP/1.1\r\nHost: x\r\nContent-Type: " JSON "\r\n"
#define NEXT GET ("/v1/thing/smuggled")
#define CASE(text) \
  { \
    text, sizeof text - 1 \
  }

/* What libmicrohttpd and a proxy before it could read as two different requests. */
static void
test_unclear_heads (void)
{
  static const struct {
    const char *request;
    gsize size;
  } bad[] = {
    CASE (POST_HEAD "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" NEXT),
    CASE (POST_HEAD "Content-Length: 40\r\nContent-Length: 2\r\n\r\n{}" NEXT),
    CASE (POST_HEAD "Content-Length: 2\r\ncontent-length: 2\r\n\r\n{}" NEXT),
    CASE (POST_HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Content-Length : 2\r\n\r\n{}" NEXT),
    CASE (POST_HEAD "Content-Length: 1\r\n 0\r\n\r\n{}        " NEXT),
    CASE (POST_HEAD "Content-Length: 2\r\nTransfer-: chunked\r\n Encoding\r\n\r\n{}" NEXT),
    CASE (POST_HEAD "Transfer-: chunked\r\n Encoding\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding\t: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "transfer-encoding:Chunked\r\n\r\n2\n{}\n0\n\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: identity\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding:\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT),
    CASE ("POST /v1/json HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: gzip\r\n\r\n{}" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE (POST_HEAD "Transfer-Encoding:\x0b"
                    "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x\0y HTTP/1.1\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x\0HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x\x01 HTTP/1.1\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x\x7f HTTP/1.1\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x?a=\0 HTTP/1.1\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\nY: c\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\n X: a\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nX: a\0\0\0\0\0\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nY: c\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nX: a\rY: b\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nX: a\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nX\x01: a\r\nHost: x\r\n\r\n" NEXT),
    CASE ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" NEXT),
  };
  Site site;

  site_open (&site);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%u: %s", i, bad[i].request);
      assert_refused_and_closed (&site, bad[i].request, bad[i].size, VA_PROBLEM_BAD_REQUEST);
    }
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 0);
  site_close (&site);
}

/* Nothing of an ordinary request is taken for any of those: long headers, in pieces, several requests in one record. */
static void
test_clear_heads (void)
{
  g_autofree char *filling = g_strnfill (20000, 'f');
  g_autofree char *large =
    g_strdup_printf ("GET /v1/thing/x?q=%%20&r=1 HTTP/1.1\r\nHost: x\r\nX-Large:  %s  \r\nEmpty:\r\n"
                     "Cookie: a=b; c=d\r\n\r\n",
                     filling);
  static const char two[] = GET ("/v1/thing/one") POST_HEAD "Content-Length: 2\r\n\r\n{}";
  g_autofree char *one = NULL, *other = NULL, *third = NULL;
  Site site;

  site_open (&site);
  one = ask_as (&site, &site.owner, large);
  assert_status (one, 200);
  {
    g_autoptr(RawClient) client = raw_client_new (site.port, NULL, &site.owner, TLS13);

    for (const char *p = two; *p != '\0'; p++)
      g_assert_true (raw_client_send (client, p, 1));
    other = raw_client_answer (client);
    assert_status (other, 200);
    third = raw_client_answer (client);
    assert_status (third, 201);
  }
  site_close (&site);
}

/* What libmicrohttpd refuses by itself it would do in HTML: its peer gets the connection's end and nothing else. */
static void
test_no_foreign_answers (void)
{
  g_autofree char *filling = g_strnfill (40000, 'f');
  g_auto(GStrv) bad = g_new0 (char *, 11);
  char *const texts[] = {
    g_strdup_printf ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", filling),
    g_strdup_printf ("GET /v1/thing/%s HTTP/1.1\r\nHost: x\r\n\r\n", filling),
    g_strdup ("GET /v1/thing/x HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n"),
    g_strdup ("GET /v1/thing/x HTTP/1.1\r\n\r\n"),
    g_strdup ("GET /v1/thing/x\r\n\r\n"),
    g_strdup ("GET /v1/thing/x HTTP/2.0\r\nHost: x\r\n\r\n"),
    g_strdup ("POST /v1/json HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
    g_strdup (POST_HEAD "Content-Length: +2\r\n\r\n{}" NEXT),
    g_strdup (POST_HEAD "Content-Length: 0x2\r\n\r\n{}" NEXT),
    g_strdup (POST_HEAD "Content-Length: 2, 2\r\n\r\n{}" NEXT),
  };
  Site site;

  memcpy (bad, texts, sizeof texts);
  site_open (&site);
  for (guint i = 0; bad[i] != NULL; i++)
    for (guint before = 0; before < 2; before++)
      {
        g_autoptr(RawClient) client = raw_client_new (site.port, NULL, &site.owner, TLS13);
        g_autofree char *good = NULL, *rest = NULL;

        g_test_message ("%u: %.60s", i, bad[i]);
        if (before)
          {
            g_assert_true (raw_client_send (client, GET ("/v1/thing/x"), -1));
            good = raw_client_answer (client);
            assert_status (good, 200);
          }
        /* It may be cut while this is still being sent. */
        if (raw_client_send (client, bad[i], -1))
          rest = raw_client_read (client, 4096);
        if (rest != NULL)
          g_assert_cmpstr (rest, ==, "");
      }
  site_close (&site);
}

static void
test_roles (void)
{
  Site site;
  g_autofree char *refused = NULL, *open = NULL, *body = NULL;

  site_open (&site);
  refused = ask_as (&site, &site.host, GET ("/v1/thing/x"));
  assert_problem (refused, VA_PROBLEM_FORBIDDEN);
  g_assert_nonnull (strstr (refused, "owner"));
  body = ask_as (&site, &site.host, SEND ("POST", "/v1/json", JSON, "2") "{}");
  assert_problem (body, VA_PROBLEM_FORBIDDEN);
  open = ask_as (&site, &site.host, GET ("/v1/open"));
  assert_status (open, 204);
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 0);
  site_close (&site);
}

static void
test_failures_stay_inside (void)
{
  Site site;
  g_autofree char *answer = NULL;

  site_open (&site);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "request *: GET /v1/fail failed: inner-detail");
  answer = ask_as (&site, &site.owner, GET ("/v1/fail"));
  g_test_assert_expected_messages ();
  assert_problem (answer, VA_PROBLEM_INTERNAL);
  g_assert_null (strstr (answer, "inner-detail"));
  site_close (&site);
}

/* No HTTP answer, whatever the client's end of the handshake thinks of it. */
static void
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

static void
assert_refused (Site *site, const FixtureFiles *files, const char *priority)
{
  assert_no_answer (site, NULL, files, priority);
}

static void
assert_pair_refused (Site *site, const char *name, VaCaPair *pair)
{
  g_auto(FixtureFiles) files = fixture_write (site->fixture, name, pair);

  g_test_message ("%s", name);
  assert_refused (site, &files, TLS13);
}

static void
test_handshake_refuses (void)
{
  static const Odd odd[] = {
    { .uris = { "urn:virt-attest:owner:a", "urn:virt-attest:owner:b" },
      .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
      .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .uris = { "urn:virt-attest:owner:a" },
      .purposes = { GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_TLS_WWW_SERVER },
      .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .uris = { "urn:virt-attest:owner:a" }, .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .uris = { "urn:virt-attest:owner:a" }, .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } },
    { .uris = { "urn:virt-attest:root:a" },
      .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
      .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .dns = "owner.example", .purposes = { GNUTLS_KP_TLS_WWW_CLIENT }, .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
  };
  Site site;
  g_autoptr(VaCaPair) foreign = va_ca_create ("Test CA", VA_CA_P256, 1, NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  VaCaRequest usual = { .role = VA_ROLE_OWNER, .name = "anna" };
  VaCaRequest expired = { .role = VA_ROLE_OWNER, .name = "anna", .not_before = now - 7200, .not_after = now - 60 };
  VaCaRequest early = { .role = VA_ROLE_OWNER, .name = "anna", .not_before = now + 600 };
  g_autofree char *answer = NULL;

  site_open (&site);
  assert_refused (&site, NULL, TLS13);
  assert_refused (&site, &site.fixture->server, TLS13);
  assert_refused (&site, &site.owner, TLS12);
  assert_pair_refused (&site, "foreign", va_ca_issue (foreign, &usual, NULL));
  assert_pair_refused (&site, "expired", va_ca_issue (site.fixture->ca, &expired, NULL));
  assert_pair_refused (&site, "early", va_ca_issue (site.fixture->ca, &early, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autofree char *name = g_strdup_printf ("odd-%u", i);

      assert_pair_refused (&site, name, fixture_odd (site.fixture, &odd[i]));
    }
  {
    /* Made the same way, but right: so the others were refused for what is odd about them. */
    static const Odd even = { .uris = { "urn:virt-attest:owner:a" },
                              .dns = "a.example",
                              .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
                              .usage = GNUTLS_KEY_DIGITAL_SIGNATURE };
    g_auto(FixtureFiles) files = fixture_write (site.fixture, "even", fixture_odd (site.fixture, &even));
    g_autofree char *good = ask_as (&site, &files, GET ("/v1/open"));

    assert_status (good, 204);
  }
  /* The CA's own certificate and key as a client's. */
  assert_pair_refused (&site, "ca", ({
    VaCaPair *copy = g_new0 (VaCaPair, 1);
    copy->certificate = g_strdup (site.fixture->ca->certificate);
    copy->key = va_secret_copy_in (va_secret_data (site.fixture->ca->key), va_secret_size (site.fixture->ca->key));
    copy;
  }));
  /* And after all that the server still serves. */
  answer = ask_as (&site, &site.owner, GET ("/v1/open"));
  assert_status (answer, 204);
  site_close (&site);
}

/* A certificate that ends while its connection is open ends with it. */
static void
test_expiry_on_open_connection (void)
{
  Site site;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  VaCaRequest soon = { .role = VA_ROLE_OWNER, .name = "anna", .not_after = now + 2 };
  g_auto(FixtureFiles) files = { 0 };
  g_autofree char *good = NULL, *refused = NULL;
  RawClient *client;

  site_open (&site);
  files = fixture_write (site.fixture, "soon", va_ca_issue (site.fixture->ca, &soon, NULL));
  client = raw_client_new (site.port, NULL, &files, TLS13);
  g_assert_nonnull (client);
  g_assert_true (raw_client_send (client, GET ("/v1/thing/x"), -1));
  good = raw_client_answer (client);
  assert_status (good, 200);
  g_usleep (2100 * 1000);
  g_assert_true (raw_client_send (client, GET ("/v1/thing/x"), -1));
  refused = raw_client_answer (client);
  assert_problem (refused, VA_PROBLEM_UNAUTHENTICATED);
  raw_client_free (client);
  site_close (&site);
}

static void
test_limits (void)
{
  Site site;
  g_autofree char *filler = g_strnfill (100 * 1024, 'h');
  g_autofree char *large = g_strdup_printf ("GET /v1/open HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", filler);
  g_autofree char *target = g_strdup_printf ("GET /v1/%s HTTP/1.1\r\nHost: x\r\n\r\n", filler);
  g_autofree char *both = g_strdup_printf ("POST /v1/json HTTP/1.1\r\nHost: x\r\nContent-Type: " JSON "\r\n"
                                           "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  RawClient *client;
  g_autofree char *unclear = NULL, *head = NULL, *line = NULL;

  site_open (&site);
  unclear = ask_as (&site, &site.owner, both);
  g_assert_true (g_str_has_prefix (unclear, "HTTP/1.1 400 "));
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  raw_client_send (client, large, -1);
  head = raw_client_read (client, 1000);
  g_assert_true (*head == '\0' || g_str_has_prefix (head, "HTTP/1.1 431 "));
  raw_client_free (client);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  raw_client_send (client, target, -1);
  line = raw_client_read (client, 1000);
  g_assert_true (*line == '\0' || g_str_has_prefix (line, "HTTP/1.1 414 ") || g_str_has_prefix (line, "HTTP/1.1 431 "));
  raw_client_free (client);
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 0);
  site_close (&site);
}

/* A client that sends a little, again and again, is cut all the same. */
static gint64
drip (RawClient *client, const char *start)
{
  gint64 began = g_get_monotonic_time ();

  raw_client_send (client, start, -1);
  while (raw_client_send (client, "x", 1) && g_get_monotonic_time () - began < 8 * G_USEC_PER_SEC)
    g_usleep (100 * 1000);
  return (g_get_monotonic_time () - began) / 1000;
}

static gint64
cpu_ms (void)
{
  struct timespec spent;

  g_assert_cmpint (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &spent), ==, 0);
  return (gint64) spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

static void
test_slow_clients_are_cut (void)
{
  Site site;
  VaServerSettings settings;
  RawClient *client;
  gint64 began, busy;
  ssize_t got;
  int fd;
  char c;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.timeout_seconds = 1;
  settings.request_seconds = 1;
  site_start (&site, &settings);
  /* Nothing at all, not even a handshake; and the server sleeps meanwhile. */
  began = g_get_monotonic_time ();
  busy = cpu_ms ();
  fd = raw_connect (site.port, NULL);
  /* Whichever of the two limits comes first: libmicrohttpd's says farewell in TLS. */
  do
    got = read (fd, &c, 1);
  while (got == 1);
  g_assert_cmpint (got, ==, 0);
  close (fd);
  g_assert_cmpint (cpu_ms () - busy, <, 300);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4 * G_USEC_PER_SEC);
  /* A handshake, byte by byte. */
  began = g_get_monotonic_time ();
  fd = raw_connect (site.port, NULL);
  while (send (fd, "\x16", 1, MSG_NOSIGNAL) == 1 && g_get_monotonic_time () - began < 8 * G_USEC_PER_SEC)
    g_usleep (100 * 1000);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4 * G_USEC_PER_SEC);
  close (fd);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_cmpint (drip (client, "GET /v1/open HTTP/1.1\r\nHost: x\r\nX: "), <, 5000);
  raw_client_free (client);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_cmpint (drip (client, SEND ("PUT", "/v1/raw", RAW, "1000")), <, 4000);
  raw_client_free (client);
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 0);
  site_close (&site);
}

static ssize_t
keep_sent (gnutls_transport_ptr_t sent, const void *data, size_t size)
{
  g_byte_array_append (sent, data, (guint) size);
  return (ssize_t) size;
}

static ssize_t
nothing_comes (gnutls_transport_ptr_t sent, void *data, size_t size)
{
  errno = EAGAIN;
  return -1;
}

/* What a client begins its handshake with. */
static GByteArray *
client_hello (void)
{
  GByteArray *sent = g_byte_array_new ();
  gnutls_session_t session;

  g_assert_cmpint (gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_set_default_priority (session), ==, 0);
  gnutls_transport_set_ptr (session, sent);
  gnutls_transport_set_push_function (session, keep_sent);
  gnutls_transport_set_pull_function (session, nothing_comes);
  g_assert_cmpint (gnutls_handshake (session), ==, GNUTLS_E_AGAIN);
  gnutls_deinit (session);
  g_assert_cmpuint (sent->len, >, 100);
  return sent;
}

/* A key of which nobody knows the other half: what it signs is noise. */
static int
sign_with_noise (gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *bytes, unsigned flags,
                 const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
  signature->size = (unsigned) GPOINTER_TO_SIZE (bytes);
  signature->data = gnutls_malloc (signature->size);
  va_random_fill (signature->data, signature->size);
  signature->data[0] = 0; /* less than the modulus */
  return 0;
}

static int
about_noise (gnutls_privkey_t key, unsigned flags, void *bytes)
{
  if (GNUTLS_FLAGS_TO_SIGN_ALGO (flags) != 0 && (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0)
    return GNUTLS_FLAGS_TO_SIGN_ALGO (flags) == GNUTLS_SIGN_RSA_PSS_RSAE_SHA256;
  if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0)
    return GNUTLS_PK_RSA;
  return (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0 ? (int) (8 * GPOINTER_TO_SIZE (bytes)) : -1;
}

/* Returns: (transfer full): the data of @pem */
static char *
read_pem (const char *path, gnutls_datum_t *pem)
{
  char *text;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  *pem = (gnutls_datum_t){ (guint8 *) text, (unsigned) size };
  return text;
}

/* A certificate that says of itself that it is good, with an RSA key of @bytes whose exponent is as long, or, with 0
   bytes, with a good key; and @padding bytes that mean nothing. */
static gnutls_x509_crt_t
costly_certificate (gsize bytes, gsize padding, const FixtureFiles *good)
{
  g_autofree guint8 *number = g_malloc (bytes + 1);
  g_autofree guint8 *nothing = g_malloc0 (padding + 1);
  gnutls_datum_t both = { number, (unsigned) bytes }, pem;
  gnutls_x509_crt_t certificate, issuer;
  gnutls_x509_privkey_t own;
  gnutls_pubkey_t public;
  g_autofree char *key = read_pem (good->key, &pem), *text = NULL;

  gnutls_x509_privkey_init (&own);
  g_assert_cmpint (gnutls_x509_privkey_import (own, &pem, GNUTLS_X509_FMT_PEM), ==, 0);
  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, "\1", 1);
  gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 10);
  gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 3600);
  if (padding > 0)
    g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (certificate, "1.2.3.4", nothing, padding, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_key (certificate, own), ==, 0);
  if (bytes > 0)
    {
      va_random_fill (number, bytes);
      number[0] |= 0x80;
      number[bytes - 1] |= 1;
      gnutls_pubkey_init (&public);
      g_assert_cmpint (gnutls_pubkey_import_rsa_raw (public, &both, &both), ==, 0);
      g_assert_cmpint (gnutls_x509_crt_set_pubkey (certificate, public), ==, 0);
      gnutls_pubkey_deinit (public);
    }
  text = read_pem (good->certificate, &pem);
  gnutls_x509_crt_init (&issuer);
  g_assert_cmpint (gnutls_x509_crt_import (issuer, &pem, GNUTLS_X509_FMT_PEM), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, issuer, own, GNUTLS_DIG_SHA256, 0), ==, 0);
  gnutls_x509_crt_deinit (issuer);
  gnutls_x509_privkey_deinit (own);
  return certificate;
}

/* What the server computes for such a client, who gets no answer. */
static gint64
cost_of (Site *site, gsize bytes, gsize padding)
{
  gnutls_certificate_credentials_t credentials;
  gnutls_x509_crt_t certificate = costly_certificate (bytes, padding, &site->owner);
  gnutls_pcert_st shown;
  gnutls_privkey_t key;
  gnutls_session_t session;
  char c;
  int fd = raw_connect (site->port, NULL), status;
  gint64 busy;

  gnutls_privkey_init (&key);
  if (bytes > 0)
    g_assert_cmpint (gnutls_privkey_import_ext4 (key, GSIZE_TO_POINTER (bytes), NULL, sign_with_noise, NULL, NULL,
                                                 about_noise, 0),
                     ==, 0);
  else
    {
      gnutls_datum_t pem;
      g_autofree char *text = read_pem (site->owner.key, &pem);

      g_assert_cmpint (gnutls_privkey_import_x509_raw (key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0), ==, 0);
    }
  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_flags (credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
  g_assert_cmpint (gnutls_pcert_import_x509 (&shown, certificate, 0), ==, 0);
  g_assert_cmpint (gnutls_certificate_set_key (credentials, NULL, 0, &shown, 1, key), >=, 0);
  gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL);
  g_assert_cmpint (gnutls_priority_set_direct (session, TLS13, NULL), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_int (session, fd);
  busy = cpu_ms ();
  do
    status = gnutls_handshake (session);
  while (status < 0 && !gnutls_error_is_fatal (status));
  g_assert_cmpint (status, ==, 0); /* this end has sent all of its own, the certificate too */
  g_assert_cmpint (gnutls_record_recv (session, &c, 1), <=, 0);
  busy = cpu_ms () - busy;
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  gnutls_x509_crt_deinit (certificate);
  close (fd);
  return busy;
}

/* TLS 1.3 has a client's signature verified before it is known whose key that is. */
static void
test_costly_handshakes_are_refused (void)
{
  Site site;

  site_open (&site);
  g_assert_cmpint (cost_of (&site, 4096, 0), <, 1000); /* verified, it would cost some seconds */
  g_assert_cmpint (cost_of (&site, 6500, 0), <, 1000);
  g_assert_cmpint (cost_of (&site, 0, 30000), <, 1000);
  g_assert_null (raw_client_new (site.port, NULL, &site.owner,
                                 "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048"));
  g_assert_null (raw_client_new (site.port, NULL, &site.owner,
                                 "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE8192"));
  site_close (&site);
}

/* The server sleeps while a client that has begun its handshake does not go on. */
static void
test_stopped_handshakes_cost_nothing (void)
{
  g_autoptr(GByteArray) hello = client_hello ();
  gsize sizes[] = { 3, hello->len / 2, hello->len };
  Site site;
  VaServerSettings settings;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.timeout_seconds = settings.request_seconds = 60;
  site_start (&site, &settings);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      int fd = raw_connect (site.port, NULL);
      gint64 busy;

      g_assert_cmpint (send (fd, hello->data, sizes[i], MSG_NOSIGNAL), ==, (gssize) sizes[i]);
      g_usleep (200 * 1000); /* its own answer costs something */
      busy = cpu_ms ();
      g_usleep (1000 * 1000);
      g_assert_cmpint (cpu_ms () - busy, <, 100);
      close (fd);
    }
  site_close (&site);
}

static void
test_connections_per_address (void)
{
  Site site;
  VaServerSettings settings;
  int held[3];
  RawClient *client;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.max_connections_per_address = 3;
  site_start (&site, &settings);
  for (guint i = 0; i < 3; i++)
    held[i] = raw_connect (site.port, "127.0.0.2");
  /* The server has to have taken them. */
  g_usleep (200 * 1000);
  g_assert_null (raw_client_new (site.port, "127.0.0.2", &site.owner, TLS13));
  client = raw_client_new (site.port, "127.0.0.3", &site.owner, TLS13);
  g_assert_nonnull (client);
  raw_client_free (client);
  for (guint i = 0; i < 3; i++)
    close (held[i]);
  g_usleep (200 * 1000);
  client = raw_client_new (site.port, "127.0.0.2", &site.owner, TLS13);
  g_assert_nonnull (client);
  raw_client_free (client);
  site_close (&site);
}

static void
open_crowded (Site *site)
{
  VaServerSettings settings;

  site_init (site);
  settings = usual_settings (site->fixture);
  settings.max_connections = 4;
  settings.timeout_seconds = settings.request_seconds = 30;
  site_start (site, &settings);
}

static void
test_strangers_make_room (void)
{
  Site site;
  int held[40];
  gint64 began;

  open_crowded (&site);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    held[i] = raw_connect (site.port, NULL);
  /* Those who say nothing have half a minute; whoever has a certificate is not kept waiting for that. */
  began = g_get_monotonic_time ();
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *answer = ask_as (&site, &site.owner, GET ("/v1/open"));

      assert_status (answer, 204);
    }
  g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    close (held[i]);
  site_close (&site);
}

static void
assert_served (RawClient *client)
{
  g_autofree char *answer = NULL;

  g_assert_true (raw_client_send (client, GET ("/v1/open"), -1));
  answer = raw_client_answer (client);
  assert_status (answer, 204);
}

static gpointer
free_later (gpointer client)
{
  g_usleep (G_USEC_PER_SEC);
  raw_client_free (client);
  return NULL;
}

static void
test_peers_keep_their_place (void)
{
  Site site;
  RawClient *peers[4], *late;
  int held[20];
  GThread *thread;
  gint64 began;

  open_crowded (&site);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    assert_served (peers[i] = raw_client_new (site.port, NULL, &site.owner, TLS13));
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    held[i] = raw_connect (site.port, NULL);
  g_usleep (200 * 1000);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    assert_served (peers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    close (held[i]);
  /* The fifth of them waits until one of the others goes. */
  began = g_get_monotonic_time ();
  thread = g_thread_new ("leaving", free_later, peers[0]);
  assert_served (late = raw_client_new (site.port, NULL, &site.owner, TLS13));
  g_assert_cmpint (g_get_monotonic_time () - began, >, G_USEC_PER_SEC / 2);
  g_thread_join (thread);
  raw_client_free (late);
  for (guint i = 1; i < G_N_ELEMENTS (peers); i++)
    raw_client_free (peers[i]);
  site_close (&site);
}

static gpointer
ask_once (gpointer data)
{
  Site *site = data;
  g_autofree char *answer = ask_as (site, &site->owner, GET ("/v1/open"));

  return GINT_TO_POINTER (g_str_has_prefix (answer, "HTTP/1.1 204 "));
}

/* All that there may be, at the same moment: none of them is cut because many come to one thread. */
static void
test_burst (void)
{
  Site site;
  VaServerSettings settings;
  GThread *threads[96];
  guint served = 0;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.max_connections = settings.max_connections_per_address = 128;
  settings.timeout_seconds = settings.request_seconds = 60;
  settings.threads = 8;
  site_start (&site, &settings);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("client", ask_once, &site);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    served += GPOINTER_TO_INT (g_thread_join (threads[i]));
  g_assert_cmpuint (served, ==, G_N_ELEMENTS (threads));
  site_close (&site);
}

static gsize
resident_kib (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "\nVmRSS:");
  g_assert_nonnull (line);
  return (gsize) g_ascii_strtoull (line + strlen ("\nVmRSS:"), NULL, 10);
}

static void
test_memory_stays_flat (void)
{
  Site site;
  gsize before = 0;

#ifdef VA_SANITIZERS
  g_test_skip ("the sanitizers keep freed memory");
  return;
#endif
  site_open (&site);
  for (guint i = 0; i < 400; i++)
    {
      if (i == 100)
        before = resident_kib ();
      assert_refused (&site, i % 2 == 0 ? NULL : &site.fixture->server, TLS13);
    }
  g_test_message ("%" G_GSIZE_FORMAT " KiB, then %" G_GSIZE_FORMAT " KiB", before, resident_kib ());
  g_assert_cmpuint (resident_kib (), <, before + 3 * 1024);
  site_close (&site);
}

static void
test_bodies_in_all (void)
{
  Site site;
  VaServerSettings settings;
  g_autofree char *data = g_strnfill (150 * 1024, 'b');
  g_autofree char *large = g_strconcat (SEND ("PUT", "/v1/raw", RAW, "153600"), data, NULL);
  g_autofree char *refused = NULL, *taken = NULL;
  RawClient *client;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.max_held = 100 * 1024;
  site_start (&site, &settings);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_nonnull (client);
  g_assert_true (raw_client_send (client, large, -1));
  refused = raw_client_answer (client);
  assert_problem (refused, VA_PROBLEM_BUSY);
  raw_client_free (client);
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 0);
  /* What was held for it is free again. */
  for (guint i = 0; i < 3; i++)
    {
      g_clear_pointer (&taken, g_free);
      taken = ask_as (&site, &site.owner, SEND ("PUT", "/v1/raw", RAW, "3") "abc");
      assert_status (taken, 200);
    }
  site_close (&site);
}

/* One peer's uploads and unread answers leave room for others, and for what is small. */
static void
test_held_by_one_peer (void)
{
  Site site;
  VaServerSettings settings;
  g_auto(FixtureFiles) other = { 0 };
  g_autofree char *data = g_strnfill (LARGE, 'd');
  g_autofree char *whole = g_strconcat (SEND ("PUT", "/v1/image", RAW, "12582912"), data, NULL);
  g_autofree char *small = NULL, *of_other = NULL, *second = NULL, *third = NULL, *again = NULL;
  RawClient *uploading, *reading, *client;

  site_init (&site);
  other = fixture_client (site.fixture, VA_ROLE_OWNER, "other");
  settings = usual_settings (site.fixture);
  settings.timeout_seconds = settings.request_seconds = 60;
  settings.max_held = 4 * (LARGE + LARGE / 2);
  site_start (&site, &settings);
  /* Most of an upload, for which twice as much is held. */
  uploading = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_true (raw_client_send (uploading, whole, LARGE - 4096));
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_true (raw_client_send (client, whole, -1));
  second = raw_client_answer (client);
  assert_problem (second, VA_PROBLEM_BUSY);
  raw_client_free (client);
  small = ask_as (&site, &site.owner, SEND ("PUT", "/v1/raw", RAW, "3") "abc");
  assert_status (small, 200);
  client = raw_client_new (site.port, NULL, &other, TLS13);
  g_assert_true (raw_client_send (client, whole, -1));
  of_other = raw_client_answer (client);
  assert_status (of_other, 200);
  raw_client_free (client);
  raw_client_free (uploading);
  /* The same with an answer that nobody reads. */
  reading = raw_client_new (site.port, NULL, &other, TLS13);
  g_assert_true (raw_client_send (reading, GET ("/v1/large"), -1));
  g_usleep (500 * 1000);
  third = ask_as (&site, &other, GET ("/v1/large"));
  assert_problem (third, VA_PROBLEM_BUSY);
  raw_client_free (reading);
  for (guint i = 0; i < 100 && (again == NULL || g_str_has_prefix (again, "HTTP/1.1 503 ")); i++)
    {
      g_usleep (50 * 1000);
      g_free (again);
      client = raw_client_new (site.port, NULL, &other, TLS13);
      g_assert_true (raw_client_send (client, GET ("/v1/large"), -1));
      again = raw_client_read (client, 12);
      raw_client_free (client);
    }
  g_assert_cmpstr (again, ==, "HTTP/1.1 200");
  site_close (&site);
}

/* Headers and body of a small answer come together: two packets would cost both ends twice as much. */
static void
test_answers_in_one_piece (void)
{
  Site site;
  RawClient *client;

  site_open (&site);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *record = NULL;

      g_assert_true (raw_client_send (client, GET ("/v1/problem"), -1));
      record = raw_client_record (client);
      assert_problem (record, VA_PROBLEM_PERMIT_EXHAUSTED);
    }
  raw_client_free (client);
  site_close (&site);
}

/* Who asks and asks and reads no answer is cut at last, and nobody waits for him. */
static void
test_unread_small_answers (void)
{
  Site site;
  RawClient *client;
  g_autoptr(GString) many = g_string_new (NULL);
  guint asked = 0;

  site_open (&site);
  for (guint i = 0; i < 1000; i++)
    g_string_append (many, GET ("/v1/problem"));
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  while (asked < 1000 && raw_client_send (client, many->str, (gssize) many->len))
    asked++;
  g_test_message ("cut after %u000 requests", asked);
  g_assert_cmpint (asked, <, 1000);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *answer = ask_as (&site, &site.owner, GET ("/v1/problem"));

      assert_problem (answer, VA_PROBLEM_PERMIT_EXHAUSTED);
    }
  raw_client_free (client);
  site_close (&site);
}

static void
test_connections_of_one_peer (void)
{
  static const char *const addresses[] = { "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5" };
  Site site;
  VaServerSettings settings;
  RawClient *clients[3], *other;
  g_autofree char *answer = NULL;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.max_connections_per_address = 3;
  site_start (&site, &settings);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = raw_client_new (site.port, addresses[i], &site.owner, TLS13);
      assert_served (clients[i]);
    }
  assert_no_answer (&site, addresses[3], &site.owner, TLS13);
  other = raw_client_new (site.port, addresses[3], &site.host, TLS13);
  assert_served (other);
  raw_client_free (other);
  raw_client_free (clients[0]);
  for (guint i = 0; i < 100 && answer == NULL; i++)
    {
      RawClient *client = raw_client_new (site.port, addresses[3], &site.owner, TLS13);

      g_usleep (20 * 1000);
      if (client != NULL && raw_client_send (client, GET ("/v1/open"), -1))
        answer = raw_client_answer (client);
      if (answer != NULL && *answer == '\0')
        g_clear_pointer (&answer, g_free);
      g_clear_pointer (&client, raw_client_free);
    }
  assert_status (answer, 204);
  raw_client_free (clients[1]);
  raw_client_free (clients[2]);
  site_close (&site);
}

static void
test_stop_finishes_requests (void)
{
  Site site;
  RawClient *client, *idle;
  g_autofree char *answer = NULL;
  gint64 began;

  site_open (&site);
  idle = raw_client_new (site.port, NULL, &site.owner, TLS13);
  client = raw_client_new (site.port, NULL, &site.owner, TLS13);
  g_assert_true (raw_client_send (client, GET ("/v1/slow"), -1));
  while (g_atomic_int_get (&site.state.calls) == 0)
    g_usleep (10 * 1000);
  began = g_get_monotonic_time ();
  va_server_stop (g_steal_pointer (&site.server));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_USEC_PER_SEC);
  answer = raw_client_answer (client);
  assert_status (answer, 200);
  g_assert_nonnull (strstr (answer, "slow but sure"));
  raw_client_free (client);
  raw_client_free (idle);
  site_close (&site);
}

static void
assert_no_start (const VaServerSettings *settings, int code, const char *named)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (va_server_start (settings, routes, NULL, &error));
  g_assert_error (error, VA_CORE_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_start_refuses (void)
{
  Site site;
  VaServerSettings settings;

  site_open (&site);
  settings = usual_settings (site.fixture);
  settings.address = "localhost";
  assert_no_start (&settings, VA_CORE_ERROR_PARSE, "localhost");
  settings.address = "127.0.0.1";
  settings.port = site.port;
  assert_no_start (&settings, VA_CORE_ERROR_FAILED, "cannot listen");
  settings.port = 0;
  settings.key_file = site.owner.key;
  assert_no_start (&settings, VA_CORE_ERROR_PARSE, "anna.key");
  settings.key_file = site.owner.certificate; /* 0644 */
  assert_no_start (&settings, VA_CORE_ERROR_PERMISSION, "anna.pem");
  settings.key_file = "/nonexistent/key";
  assert_no_start (&settings, VA_CORE_ERROR_NOT_FOUND, "/nonexistent/key");
  settings = usual_settings (site.fixture);
  settings.ca_file = site.owner.key;
  assert_no_start (&settings, VA_CORE_ERROR_PARSE, "anna.key");
  settings.ca_file = site.fixture->ca_file;
  settings.certificate_file = "/nonexistent/cert";
  assert_no_start (&settings, VA_CORE_ERROR_NOT_FOUND, "/nonexistent/cert");
  site_close (&site);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/answers", test_answers);
  g_test_add_func ("/server/answers-in-one-piece", test_answers_in_one_piece);
  g_test_add_func ("/server/unread-small-answers", test_unread_small_answers);
  g_test_add_func ("/server/request-ids", test_request_ids);
  g_test_add_func ("/server/keep-alive-and-bodies", test_keep_alive_and_bodies);
  g_test_add_func ("/server/routes-refuse", test_routes_refuse);
  g_test_add_func ("/server/unclear-heads", test_unclear_heads);
  g_test_add_func ("/server/clear-heads", test_clear_heads);
  g_test_add_func ("/server/no-foreign-answers", test_no_foreign_answers);
  g_test_add_func ("/server/roles", test_roles);
  g_test_add_func ("/server/failures-stay-inside", test_failures_stay_inside);
  g_test_add_func ("/server/handshake-refuses", test_handshake_refuses);
  g_test_add_func ("/server/expiry-on-open-connection", test_expiry_on_open_connection);
  g_test_add_func ("/server/limits", test_limits);
  g_test_add_func ("/server/slow-clients-are-cut", test_slow_clients_are_cut);
  g_test_add_func ("/server/costly-handshakes-are-refused", test_costly_handshakes_are_refused);
  g_test_add_func ("/server/stopped-handshakes-cost-nothing", test_stopped_handshakes_cost_nothing);
  g_test_add_func ("/server/connections-per-address", test_connections_per_address);
  g_test_add_func ("/server/strangers-make-room", test_strangers_make_room);
  g_test_add_func ("/server/peers-keep-their-place", test_peers_keep_their_place);
  g_test_add_func ("/server/burst", test_burst);
  g_test_add_func ("/server/memory-stays-flat", test_memory_stays_flat);
  g_test_add_func ("/server/bodies-in-all", test_bodies_in_all);
  g_test_add_func ("/server/held-by-one-peer", test_held_by_one_peer);
  g_test_add_func ("/server/connections-of-one-peer", test_connections_of_one_peer);
  g_test_add_func ("/server/stop-finishes-requests", test_stop_finishes_requests);
  g_test_add_func ("/server/start-refuses", test_start_refuses);
  return g_test_run ();
}
