/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "server-fixture.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/unclear-heads", test_unclear_heads);
  g_test_add_func ("/server/clear-heads", test_clear_heads);
  g_test_add_func ("/server/no-foreign-answers", test_no_foreign_answers);
  g_test_add_func ("/server/limits", test_limits);
  return g_test_run ();
}
