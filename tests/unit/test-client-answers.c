/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "http/client/client.h"
#include "http/server/server.h"
#include "client-fixture.h"

/* One call to a raw server that shows @files; what the server read, to see whether the request got out. */
static char *
call_raw (Site *site, const char *host, const FixtureFiles *files, const RawPlan *plan, GQuark domain, int code,
          const char *says)
{
  RawServer *server = raw_server_new (site->fixture, files, plan);
  g_autoptr(VaClient) client = client_for (site, host, raw_server_port (server));
  VaClientRequest request = { .method = "GET", .path = "/v1/x", .deadline_ms = 1000, .max_reply = 1000 };

  assert_fails (client, &request, domain, code, says);
  return raw_server_free (server);
}

static void
test_false_services (void)
{
  static const char *const other[] = { "service.example", NULL };
  static const char *const here[] = { "127.0.0.1", NULL };
  static const RawPlan plan = { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
  static const RawPlan old = { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .priority = TLS12 };
  static const Odd client_only = { .dns = "localhost",
                                   .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
                                   .usage = GNUTLS_KEY_DIGITAL_SIGNATURE };
  Site site;
  g_autoptr(VaCaPair) foreign = va_ca_create ("Test CA", VA_CA_P256, 1, NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  VaCaRequest requests[] = {
    { .server = TRUE, .hosts = other },
    { .server = TRUE, .hosts = here, .not_before = now - 7200, .not_after = now - 60 },
    { .server = TRUE, .hosts = here },
  };
  const char *const says[] = { "its certificate is for", "its certificate expired on 20", "not signed by the CA in" };

  site_open (&site);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      VaCaPair *pair = va_ca_issue (i == 2 ? foreign : site.fixture->ca, &requests[i], NULL);
      g_auto(FixtureFiles) files = fixture_write (site.fixture, "false", pair);
      g_autofree char *got = call_raw (&site, "127.0.0.1", &files, &plan, VA_CORE_ERROR, VA_CORE_ERROR_PEER, says[i]);

      g_assert_cmpstr (got, ==, "");
    }
  {
    g_auto(FixtureFiles) files = fixture_write (site.fixture, "client-only", fixture_odd (site.fixture, &client_only));
    g_autofree char *got =
      call_raw (&site, "localhost", &files, &plan, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "not for a server");
    g_autofree char *tls12 = call_raw (&site, "127.0.0.1", &site.fixture->server, &old, VA_CORE_ERROR,
                                       VA_CORE_ERROR_PEER, "cannot reach the service");

    g_assert_cmpstr (got, ==, "");
    g_assert_cmpstr (tls12, ==, "");
  }
  site_close (&site);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void
test_broken_answers (void)
{
  static const struct {
    RawPlan plan;
    gboolean problem;
    int code;
    const char *says;
  } cases[] = {
    { { .answer = "garbage\r\n\r\nmore garbage" }, FALSE, VA_CORE_ERROR_PEER, "invalid answer" },
    { { .answer = "" }, FALSE, VA_CORE_ERROR_PEER, "https://127.0.0.1" },
    { { .answer = "HTTP/1.1 200 OK\r\nContent-Le" }, FALSE, VA_CORE_ERROR_PEER, "https://127.0.0.1" },
    { { .answer = OK_HEAD "Content-Length: 7\r\n\r\ngarbage" }, FALSE, VA_CORE_ERROR_PEER, "invalid answer" },
    { { .answer = OK_HEAD "Content-Length: 2\r\n\r\n[]" }, FALSE, VA_CORE_ERROR_PEER, "invalid answer" },
    { { .answer = OK_HEAD "Content-Length: 13\r\n\r\n{\"a\":1,\"a\":2}" },
      FALSE,
      VA_CORE_ERROR_PEER,
      "invalid answer" },
    { { .answer = OK_HEAD "Content-Length: 9\r\n\r\n{\"a\":1}" }, FALSE, VA_CORE_ERROR_PEER, "https://127.0.0.1" },
    { { .answer = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":" },
      FALSE,
      VA_CORE_ERROR_PEER,
      "https://127.0.0.1" },
    { { .answer = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\n{\"a\":1}" },
      FALSE,
      VA_CORE_ERROR_PEER,
      "content type is not JSON" },
    { { .answer = OK_HEAD "Content-Length: 1001\r\n\r\n", .repeat = 1001 },
      FALSE,
      VA_CORE_ERROR_PEER,
      "than the limit of" },
    { { .answer = OK_HEAD "\r\n", .repeat = 4 * 1024 * 1024 }, FALSE, VA_CORE_ERROR_PEER, "than the limit of" },
    { { .answer = "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n" },
      FALSE,
      VA_CORE_ERROR_PEER,
      "302" },
    { { .answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" }, TRUE, VA_PROBLEM_INTERNAL, "500" },
    { { .answer = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n" },
      TRUE,
      VA_PROBLEM_INTERNAL,
      "401" },
    { { .answer = "HTTP/1.1 503 No\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>" },
      TRUE,
      VA_PROBLEM_INTERNAL,
      "503" },
    { { .answer = OK_HEAD "Transfer-Encoding: gzip\r\n\r\n{\"a\":1}" }, FALSE, VA_CORE_ERROR_PEER, "invalid answer" },
    { { .answer = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\n{\"a\":1}\r\n" },
      FALSE,
      VA_CORE_ERROR_PEER,
      "invalid answer" },
    { { .answer = OK_HEAD "Content-Length: 7\r\n folded: 1\r\n\r\n{\"a\":1}" },
      FALSE,
      VA_CORE_ERROR_PEER,
      "invalid answer" },
    { { .answer = "HTTP/2 200 OK\r\n\r\n" }, FALSE, VA_CORE_ERROR_PEER, "invalid answer" },
    { { .answer = "HTTP/1.1 099 OK\r\n\r\n" }, FALSE, VA_CORE_ERROR_PEER, "invalid answer" },
    { { .answer = "", .delay_ms = 1500 }, FALSE, VA_CORE_ERROR_TIMEOUT, "did not answer within 1000 ms" },
    { { .answer = OK_HEAD "Content-Length: 0\r\n\r\n", .delay_ms = 1500 }, FALSE, VA_CORE_ERROR_TIMEOUT, "1000 ms" },
    { { .no_handshake = TRUE }, FALSE, VA_CORE_ERROR_TIMEOUT, "did not answer within 1000 ms" },
  };
  Site site;

  site_open (&site);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 began = g_get_monotonic_time ();
      g_autofree char *got = NULL;

      g_test_message ("case %u", i);
      got = call_raw (&site, "127.0.0.1", &site.fixture->server, &cases[i].plan,
                      cases[i].problem ? VA_PROBLEM_ERROR : VA_CORE_ERROR, cases[i].code, cases[i].says);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 4 * G_USEC_PER_SEC);
      if (!cases[i].plan.no_handshake)
        g_assert_true (g_str_has_prefix (got, "GET /v1/x HTTP/1.1\r\n"));
      g_assert_null (strstr (got, "Cookie"));
    }
  site_close (&site);
}

/* Bytes of this process that are in memory. */
static guint64
resident (void)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) words = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  words = g_strsplit (text, " ", 3);
  return g_ascii_strtoull (words[1], NULL, 10) * (guint64) sysconf (_SC_PAGESIZE);
}

/* Holds nothing under the sanitizers, which keep freed memory. */
static void
assert_grown_by_at_most (guint64 before, guint64 bytes)
{
#ifdef VA_SANITIZERS
  g_test_message ("from %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT " allowed: not measured under the sanitizers",
                  before, bytes);
#else
  g_assert_cmpuint (resident (), <, before + bytes);
#endif
}

static void
test_floods (void)
{
  static const struct {
    RawPlan plan;
    int code;
    const char *says;
  } cases[] = {
    { { .flood = "HTTP/1.1 100 Continue\r\n\r\n" }, VA_CORE_ERROR_PEER, "informational" },
    { { .flood = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" }, VA_CORE_ERROR_PEER, "informational" },
    { { .flood = "x" }, VA_CORE_ERROR_PEER, "https://127.0.0.1" },
    { { .answer = "HTTP/1.1 200 OK\r\nX: ", .flood = "a" }, VA_CORE_ERROR_PEER, "https://127.0.0.1" },
    { { .answer = "HTTP/1.1 200 OK\r\n", .flood = "X-Y: a\r\n" }, VA_CORE_ERROR_PEER, "https://127.0.0.1" },
    { { .answer = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1;", .flood = "a=b;" },
      VA_CORE_ERROR_PEER,
      "invalid answer" },
    { { .answer = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", .flood = "1\r\n \r\n" },
      VA_CORE_ERROR_PEER,
      "than the limit of" },
    { { .answer = OK_HEAD "Content-Length: 900000000\r\n\r\n", .flood = " " },
      VA_CORE_ERROR_PEER,
      "than the limit of" },
    { { .answer = OK_HEAD "\r\n", .flood = " " }, VA_CORE_ERROR_PEER, "than the limit of" },
  };
  Site site;
  guint64 before;

  site_open (&site);
  before = resident ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 began = g_get_monotonic_time ();
      g_autofree char *got = NULL;

      g_test_message ("case %u", i);
      got = call_raw (&site, "127.0.0.1", &site.fixture->server, &cases[i].plan, VA_CORE_ERROR, cases[i].code,
                      cases[i].says);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_USEC_PER_SEC);
    }
  assert_grown_by_at_most (before, 64 * 1024 * 1024);
  site_close (&site);
}

/* A server that sends tickets without end never comes to read the request; it is left after so many bytes. */
static void
test_ticket_flood (void)
{
  static const RawPlan plan = { .tickets = TRUE };
  Site site;
  guint64 before;

  site_open (&site);
  before = resident ();
  for (guint i = 0; i < 4; i++)
    {
      gint64 began = g_get_monotonic_time ();
      RawServer *server = raw_server_new (site.fixture, &site.fixture->server, &plan);
      g_autoptr(VaClient) client = client_for (&site, "127.0.0.1", raw_server_port (server));
      VaClientRequest request = { .method = "GET", .path = "/v1/x", .deadline_ms = 20000, .max_reply = 1000 };

      assert_fails (client, &request, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "than the limit of");
      g_free (raw_server_free (server));
      g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * G_USEC_PER_SEC);
    }
  assert_grown_by_at_most (before, 16 * 1024 * 1024);
  site_close (&site);
}

static void
test_good_answers (void)
{
  static const RawPlan plans[] = {
    { .answer = OK_HEAD "Content-Length: 7\r\n\r\n{\"a\":1}" },
    { .answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" OK_HEAD
                "Content-Length: 7\r\n\r\n{\"a\":1}" },
    { .answer = OK_HEAD "\r\n{\"a\":1}" },
    { .answer = "HTTP/1.0 200\r\ncontent-type:application/json; charset=utf-8\r\n\r\n{\"a\":1}" },
    /* libsoup is generous; a connection carries one call, so that nothing else can be made of such an answer. */
    { .answer = OK_HEAD "Content-Length: 7\r\nContent-Length: 7\r\n\r\n{\"a\":1}" },
    { .answer = OK_HEAD "no header\r\nContent-Length: 7\r\n\r\n{\"a\":1}" },
    { .answer = OK_HEAD "Transfer-Encoding: Chunked\r\n\r\n3;x=y\r\n{\"a\r\n00004\r\n\":1}\r\n0\r\nX: y\r\n\r\n" },
    /* Trailers without end: it does not wait for them. */
    { .answer = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n", .flood = "a: b\r\n" },
  };
  Site site;

  site_open (&site);
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    {
      RawServer *server = raw_server_new (site.fixture, &site.fixture->server, &plans[i]);
      g_autoptr(VaClient) client = client_for (&site, "127.0.0.1", raw_server_port (server));
      VaClientRequest request = { .method = "GET", .path = "/v1/x", .deadline_ms = 5000 };
      g_autoptr(JsonObject) reply = NULL;
      g_autoptr(GError) error = NULL;

      g_test_message ("answer %u", i);
      g_assert_true (va_client_call (client, &request, &reply, &error));
      g_assert_cmpint (json_object_get_int_member (reply, "a"), ==, 1);
      g_free (raw_server_free (server));
    }
  site_close (&site);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/false-services", test_false_services);
  g_test_add_func ("/client/broken-answers", test_broken_answers);
  g_test_add_func ("/client/floods", test_floods);
  g_test_add_func ("/client/ticket-flood", test_ticket_flood);
  g_test_add_func ("/client/good-answers", test_good_answers);
  return g_test_run ();
}
