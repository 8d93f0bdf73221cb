/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "client-fixture.h"
#include "core/error.h"
#include "http/client/client.h"

#define GOOD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"good\":1}"
#define FORGED "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"forged\":1}"
#define PAUSE_US (60 * 1000) /* longer than the server needs for what it does after an answer */

typedef struct {
  Site site;
  RawServer *server;
  VaClient *client;
} Kept;

static void
kept_open (Kept *kept, const RawPlan *plan)
{
  site_open (&kept->site);
  kept->server = raw_server_new (kept->site.fixture, &kept->site.fixture->server, plan);
  kept->client = client_for (&kept->site, "localhost", raw_server_port (kept->server));
  va_client_keep (kept->client);
}

/* How often the server was asked. Fails if it still waits for a connection that never came. */
static guint
kept_close (Kept *kept)
{
  g_autofree char *read = NULL;
  guint count = 0;

  va_client_free (kept->client);
  read = raw_server_free (kept->server);
  for (const char *at = read; (at = strstr (at, "POST /v1/x ")) != NULL; at++)
    count++;
  site_close (&kept->site);
  return count;
}

static const VaClientRequest question = {
  .method = "POST", .path = "/v1/x", .data = "ask", .size = 3, .deadline_ms = 5000, .max_reply = 1000
};

static void
ask_well (const Kept *kept)
{
  g_autoptr(JsonObject) reply = NULL;
  g_autoptr(GError) error = NULL;
  gboolean ok = va_client_call (kept->client, &question, &reply, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_true (json_object_has_member (reply, "good"));
}

static gpointer
ask_from_thread (gpointer kept)
{
  ask_well (kept);
  return NULL;
}

static void
test_one_connection (void)
{
  const RawPlan plan = { .requests = 4, .answer = GOOD };
  Kept kept;

  kept_open (&kept, &plan);
  ask_well (&kept);
  ask_well (&kept);
  g_thread_join (g_thread_new ("another", ask_from_thread, &kept));
  g_thread_join (g_thread_new ("another", ask_from_thread, &kept));
  g_assert_cmpuint (kept_close (&kept), ==, 4);
}

/* The service was restarted, or has closed what was idle. */
static void
test_closed_while_idle (void)
{
  const RawPlan plan = { .connections = 3, .answer = GOOD };
  Kept kept;

  kept_open (&kept, &plan);
  for (guint i = 0; i < plan.connections; i++)
    {
      ask_well (&kept);
      g_usleep (PAUSE_US);
    }
  g_assert_cmpuint (kept_close (&kept), ==, 3);
}

static void
test_closed_by_the_request (void)
{
  const RawPlan plan = { .connections = 2, .drops = TRUE, .answer = GOOD };
  Kept kept;

  kept_open (&kept, &plan);
  ask_well (&kept);
  ask_well (&kept);
  g_assert_cmpuint (kept_close (&kept), ==, 3);
}

/* A connection that was just made and is closed by the request is no reason to ask again. */
static void
test_new_one_closed (void)
{
  const RawPlan plan = { .answer = "" };
  Kept kept;

  kept_open (&kept, &plan);
  assert_fails (kept.client, &question, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "closed the connection before it answered");
  g_assert_cmpuint (kept_close (&kept), ==, 1);
}

/* What is sent without having been asked for is not the answer to the next question. */
static void
test_surplus (void)
{
  const RawPlan plans[] = {
    { .connections = 2, .requests = 2, .answer = GOOD FORGED },
    { .connections = 2, .requests = 2, .answer = GOOD, .later = FORGED },
    { .connections = 2, .requests = 2, .answer = GOOD, .later = "\r\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    {
      Kept kept;

      kept_open (&kept, &plans[i]);
      ask_well (&kept);
      g_usleep (PAUSE_US);
      ask_well (&kept);
      g_assert_cmpuint (kept_close (&kept), ==, 2);
    }
}

static void
test_deadline (void)
{
  const RawPlan plan = { .silent = TRUE, .answer = GOOD };
  VaClientRequest brief = question;
  gint64 began;
  Kept kept;

  brief.deadline_ms = 300;
  brief.persist = TRUE;
  kept_open (&kept, &plan);
  ask_well (&kept);
  began = g_get_monotonic_time ();
  assert_fails (kept.client, &brief, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, "did not answer within 300 ms");
  g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_USEC_PER_SEC);
  g_assert_cmpuint (kept_close (&kept), ==, 2);
}

/* The limit of bytes is that of the call, however much the connection has brought before. */
static void
test_flood (void)
{
  const RawPlan plan = { .drops = TRUE, .answer = GOOD, .flood = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" };
  Kept kept;

  kept_open (&kept, &plan);
  ask_well (&kept);
  assert_fails (kept.client, &question, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "sent");
  g_assert_cmpuint (kept_close (&kept), ==, 2);
}

static void
test_new_credentials (void)
{
  const RawPlan plan = { .connections = 2, .requests = 2, .answer = GOOD };
  g_autoptr(GError) error = NULL;
  Kept kept;

  kept_open (&kept, &plan);
  ask_well (&kept);
  g_assert_true (va_client_reload (kept.client, &error));
  g_assert_no_error (error);
  ask_well (&kept);
  g_assert_cmpuint (kept_close (&kept), ==, 2);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client-keeper/one-connection", test_one_connection);
  g_test_add_func ("/client-keeper/closed-while-idle", test_closed_while_idle);
  g_test_add_func ("/client-keeper/closed-by-the-request", test_closed_by_the_request);
  g_test_add_func ("/client-keeper/new-one-closed", test_new_one_closed);
  g_test_add_func ("/client-keeper/surplus", test_surplus);
  g_test_add_func ("/client-keeper/deadline", test_deadline);
  g_test_add_func ("/client-keeper/flood", test_flood);
  g_test_add_func ("/client-keeper/new-credentials", test_new_credentials);
  return g_test_run ();
}
