/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "server-fixture.h"

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

/* libmicrohttpd 1.0.10 refuses what is no valid URI by itself, before there is a request: 400, and nothing of ours. */
static gboolean
is_refused_by_library (const char *request, const char *answer)
{
  return (strstr (request, "%00/") != NULL || strstr (request, "%zz") != NULL || strstr (request, "% ") != NULL)
         && g_str_has_prefix (answer, "HTTP/1.1 400 ") && strstr (answer, "problem+json") == NULL;
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
      if (!is_refused_by_library (bad[i].request, answer))
        assert_problem (answer, bad[i].code);
      if (bad[i].code == VA_PROBLEM_METHOD)
        g_assert_nonnull (strstr (answer, "\r\nAllow: "));
    }
  nul = ask_as (&site, &site.owner, GET ("/v1/json"));
  g_assert_nonnull (strstr (nul, "\r\nAllow: POST\r\n"));
  g_assert_cmpint (g_atomic_int_get (&site.state.calls), ==, 3); /* the two broken bodies, and JSON sent as bytes */
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/answers", test_answers);
  g_test_add_func ("/server/answers-in-one-piece", test_answers_in_one_piece);
  g_test_add_func ("/server/request-ids", test_request_ids);
  g_test_add_func ("/server/keep-alive-and-bodies", test_keep_alive_and_bodies);
  g_test_add_func ("/server/routes-refuse", test_routes_refuse);
  g_test_add_func ("/server/roles", test_roles);
  g_test_add_func ("/server/failures-stay-inside", test_failures_stay_inside);
  return g_test_run ();
}
