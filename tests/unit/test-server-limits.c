/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/error.h"
#include "server-fixture.h"

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

  g_assert_null (va_server_start (settings, site_routes, NULL, &error));
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
  g_test_add_func ("/server/unread-small-answers", test_unread_small_answers);
  g_test_add_func ("/server/slow-clients-are-cut", test_slow_clients_are_cut);
  g_test_add_func ("/server/connections-per-address", test_connections_per_address);
  g_test_add_func ("/server/strangers-make-room", test_strangers_make_room);
  g_test_add_func ("/server/peers-keep-their-place", test_peers_keep_their_place);
  g_test_add_func ("/server/burst", test_burst);
  g_test_add_func ("/server/bodies-in-all", test_bodies_in_all);
  g_test_add_func ("/server/held-by-one-peer", test_held_by_one_peer);
  g_test_add_func ("/server/connections-of-one-peer", test_connections_of_one_peer);
  g_test_add_func ("/server/stop-finishes-requests", test_stop_finishes_requests);
  g_test_add_func ("/server/start-refuses", test_start_refuses);
  return g_test_run ();
}
