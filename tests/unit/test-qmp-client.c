/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "monitor.h"
#include "qmp/client.h"

#define OK "{\"return\": {}, \"id\": @ID}\r\n"
#define SEV(member, value) \
  "{\"return\": {\"enabled\": true, \"api-major\": 1, \"api-minor\": 51, \"build-id\": 3, \"policy\": 4294967295, " \
  "\"state\": \"launch-secret\", \"handle\": 1, " member ": " value "}, \"id\": @ID}\r\n"

/* What the monitor says to one command; everything else gets an empty return. */
typedef struct {
  const char *command, *reply;
  char *seen; /* the arguments of that command, as JSON */
} Script;

static char *
play (const char *command, JsonObject *arguments, gpointer data)
{
  Script *script = data;

  if (!g_str_equal (command, script->command))
    return g_strdup (OK);
  if (arguments != NULL)
    {
      g_free (script->seen);
      script->seen = va_json_print (arguments);
    }
  return g_strdup (script->reply);
}

typedef struct {
  char *folder, *path;
  Script script;
  Monitor *monitor;
  VaQmpClient *client;
} Fixture;

static void
set_up (Fixture *f, const char *command, const char *reply)
{
  g_autoptr(GError) error = NULL;

  *f = (Fixture){ .folder = g_dir_make_tmp ("qmp-XXXXXX", NULL), .script = { command, reply, NULL } };
  f->path = g_build_filename (f->folder, "monitor.sock", NULL);
  f->monitor = monitor_new (f->path, NULL, play, &f->script);
  f->client = va_qmp_connect (f->path, g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f)
{
  g_clear_pointer (&f->client, va_qmp_client_free);
  monitor_stop (f->monitor);
  rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->script.seen);
}

static void
test_announced (void)
{
  static const char *const commands[] = { "query-status", "query-sev", NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *status = NULL;
  VaQmpSev sev;
  Fixture f;

  set_up (&f, "query-status", "{\"return\": {\"status\": \"prelaunch\"}, \"id\": @ID}\n");
  g_assert_true (va_qmp_announce (f.client, commands, &error));
  status = va_qmp_query_status (f.client, &error);
  g_assert_cmpstr (status, ==, "prelaunch");
  /* Its answer comes under its own id, and is judged as ever. */
  g_assert_false (va_qmp_query_sev (f.client, &sev, &error));
  g_assert_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER);
  g_clear_error (&error);
  g_assert_true (va_qmp_announce (f.client, commands, &error));
  /* Not the one that comes next: no answer is taken for another one's. */
  g_assert_false (va_qmp_query_sev (f.client, &sev, &error));
  g_assert_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER);
  g_clear_error (&error);
  g_assert_false (va_qmp_announce (f.client, commands, &error));
  g_assert_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER);
  tear_down (&f);
}

static void
test_peer (void)
{
  g_autoptr(GError) error = NULL;
  Fixture f;
  pid_t pid = 0;

  set_up (&f, "", OK);
  g_assert_cmpint (va_qmp_peer (f.client), ==, getpid ());
  g_assert_true (va_qmp_peer_at (f.path, &pid, &error));
  g_assert_cmpint (pid, ==, getpid ());
  tear_down (&f);
  g_assert_false (va_qmp_peer_at ("/nonexistent/socket", &pid, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER);
}

static void
test_status (void)
{
  Fixture f;
  g_autofree char *status = NULL;

  set_up (&f, "query-status",
          "{\"timestamp\": {}, \"event\": \"NIC_RX_FILTER_CHANGED\"}\r\n"
          "{\"return\": {\"status\": \"prelaunch\", \"singlestep\": false, \"running\": false}, \"id\": @ID}\r\n");
  status = va_qmp_query_status (f.client, NULL);
  g_assert_cmpstr (status, ==, "prelaunch");
  tear_down (&f);
}

static void
test_sev (void)
{
  g_autoptr(GError) error = NULL;
  VaQmpSev sev;
  Fixture f;

  set_up (&f, "query-sev", SEV ("\"sev-type\"", "\"sev\""));
  g_assert_true (va_qmp_query_sev (f.client, &sev, &error));
  g_assert_no_error (error);
  g_assert_true (sev.enabled);
  g_assert_cmpstr (sev.state, ==, "launch-secret");
  g_assert_cmpuint (sev.context.policy, ==, 0xffffffffu);
  g_assert_cmpuint (sev.context.api_minor, ==, 51);
  g_assert_cmpuint (sev.context.build_id, ==, 3);
  tear_down (&f);
}

static void
test_sev_refuses (void)
{
  static const char *const bad[] = {
    OK,
    "{\"return\": {\"enabled\": 1, \"api-major\": 1, \"api-minor\": 2, \"build-id\": 3, \"policy\": 1, "
    "\"state\": \"running\"}, \"id\": @ID}\n",
    "{\"return\": {\"enabled\": true, \"api-major\": 256, \"api-minor\": 2, \"build-id\": 3, \"policy\": 1, "
    "\"state\": \"running\"}, \"id\": @ID}\n",
    "{\"return\": {\"enabled\": true, \"api-major\": 1, \"api-minor\": 2, \"build-id\": 3, \"policy\": 4294967296, "
    "\"state\": \"running\"}, \"id\": @ID}\n",
    "{\"return\": {\"enabled\": true, \"api-major\": 1, \"api-minor\": 2, \"build-id\": -3, \"policy\": 1, "
    "\"state\": \"running\"}, \"id\": @ID}\n",
    "{\"return\": {\"enabled\": true, \"api-major\": 1, \"api-minor\": 2, \"build-id\": 3, \"policy\": \"1\", "
    "\"state\": \"running\"}, \"id\": @ID}\n",
    "{\"return\": {\"enabled\": true, \"api-major\": 1, \"api-minor\": 2, \"build-id\": 3, \"policy\": 1, "
    "\"state\": \"a state that is longer than thirty-two bytes\"}, \"id\": @ID}\n",
    SEV ("\"policy\"", "1"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      VaQmpSev sev;
      Fixture f;

      set_up (&f, "query-sev", bad[i]);
      if (va_qmp_query_sev (f.client, &sev, NULL))
        g_error ("taken: %s", bad[i]);
      tear_down (&f);
    }
}

static void
test_measure (void)
{
  static const char *const bad[] = { "\"\"", "1", "\"QQ==\"", "\"!!!!\"", "null", "[]" };
  guint8 expected[VA_MEASUREMENT_SIZE], out[VA_MEASUREMENT_SIZE];
  g_autofree char *text = NULL, *reply = NULL;
  g_autoptr(GError) error = NULL;
  Fixture f;

  memset (expected, 0x5a, sizeof expected);
  text = va_base64_encode (expected, sizeof expected);
  reply = g_strdup_printf ("{\"return\": {\"data\": \"%s\"}, \"id\": @ID}\r\n", text);
  set_up (&f, "query-sev-launch-measure", reply);
  g_assert_true (va_qmp_query_measure (f.client, out, &error));
  g_assert_cmpmem (out, sizeof out, expected, sizeof expected);
  tear_down (&f);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *wrong = g_strdup_printf ("{\"return\": {\"data\": %s}, \"id\": @ID}\r\n", bad[i]);

      set_up (&f, "query-sev-launch-measure", wrong);
      g_assert_false (va_qmp_query_measure (f.client, out, NULL));
      tear_down (&f);
    }
}

static void
test_end_at_reset (void)
{
  static const struct {
    const char *reply;
    gboolean ok;
  } cases[] = {
    { OK, TRUE },
    /* QEMU before 6.0. */
    { "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command set-action has not been found\"}, "
      "\"id\": @ID}\r\n",
      TRUE },
    { "{\"error\": {\"class\": \"GenericError\", \"desc\": \"CommandNotFound\"}, \"id\": @ID}\r\n", FALSE },
    { "{\"return\": 1, \"id\": @ID}\r\n", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      Fixture f;

      set_up (&f, "set-action", cases[i].reply);
      g_assert_cmpint (va_qmp_end_at_reset (f.client, &error), ==, cases[i].ok);
      g_assert_true (cases[i].ok == (error == NULL));
      g_assert_cmpstr (f.script.seen, ==, "{\"reboot\":\"shutdown\"}");
      tear_down (&f);
    }
}

static void
test_inject (void)
{
  guint8 header[VA_PACKET_HEADER_SIZE] = { 0 };
  g_autoptr(GBytes) payload = g_bytes_new_static ("0123456789abcdef", 16);
  g_autoptr(GError) error = NULL;
  Fixture f;

  set_up (&f, "sev-inject-launch-secret", OK);
  g_assert_true (va_qmp_inject (f.client, header, payload, 0x810000, &error));
  g_assert_nonnull (strstr (f.script.seen, "\"gpa\":8454144"));
  g_assert_nonnull (strstr (f.script.seen, "\"secret\":\"MDEyMzQ1Njc4OWFiY2RlZg==\""));
  tear_down (&f);
}

/* QEMU's own class and sentence reach whoever reads the error. */
static void
test_refusal (void)
{
  guint8 header[VA_PACKET_HEADER_SIZE] = { 0 };
  g_autoptr(GBytes) payload = g_bytes_new_static ("0123456789abcdef", 16);
  g_autoptr(GError) error = NULL;
  Fixture f;

  set_up (&f, "sev-inject-launch-secret",
          "{\"id\": @ID, \"error\": {\"class\": \"GenericError\", \"desc\": \"SEV: Not in correct state. 3\"}}\r\n");
  g_assert_false (va_qmp_inject (f.client, header, payload, 0x810000, &error));
  g_assert_error (error, VA_QMP_ERROR, VA_QMP_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, "sev-inject-launch-secret: GenericError: SEV: Not in correct state. 3");
  tear_down (&f);
}

static void
test_refuses_answers (void)
{
  static const char *const bad[] = {
    NULL,
    "garbage\r\n",
    "{\"return\": {\"status\": \"prelaunch\"}, \"id\": 999}\r\n",
    "{\"return\": {\"status\": \"prelaunch\"}}\r\n",
    "{\"QMP\": {}}\r\n",
    "{\"return\": {\"status\": 1}, \"id\": @ID}\n",
    "{\"id\": 999, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      Fixture f;

      set_up (&f, "query-status", bad[i]);
      g_assert_null (va_qmp_query_status (f.client, &error));
      g_assert_nonnull (error);
      tear_down (&f);
    }
}

static void
test_refuses_greetings (void)
{
  static const char *const bad[] = { "garbage\r\n", "{\"return\": {}}\r\n", "{\"event\": \"STOP\"}\r\n", "{}\r\n" };
  Script script = { "", OK, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *folder = g_dir_make_tmp ("qmp-XXXXXX", NULL);
      g_autofree char *path = g_build_filename (folder, "m", NULL);
      Monitor *monitor = monitor_new (path, bad[i], play, &script);
      g_autoptr(GError) error = NULL;

      g_assert_null (va_qmp_connect (path, g_get_monotonic_time () + G_TIME_SPAN_SECOND, &error));
      g_assert_nonnull (error);
      monitor_stop (monitor);
      rmdir (folder);
    }
}

/* A monitor that says nothing, and one that never ends its line, cost the deadline and no more. */
static void
test_deadline (void)
{
  static const char *const greetings[] = { "", "{\"QMP\": " };
  Script script = { "", OK, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (greetings); i++)
    {
      g_autofree char *folder = g_dir_make_tmp ("qmp-XXXXXX", NULL);
      g_autofree char *path = g_build_filename (folder, "m", NULL);
      Monitor *monitor = monitor_new (path, greetings[i], play, &script);
      gint64 begin = g_get_monotonic_time ();
      g_autoptr(GError) error = NULL;

      g_assert_null (va_qmp_connect (path, begin + 100 * G_TIME_SPAN_MILLISECOND, &error));
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 3 * G_TIME_SPAN_SECOND);
      monitor_stop (monitor);
      rmdir (folder);
    }
}

static void
test_capabilities (void)
{
  g_autofree guint8 *zeros = g_malloc0 (3 * VA_SEV_CERT_SIZE);
  g_autofree char *pdh = va_base64_encode (zeros, VA_SEV_CERT_SIZE);
  g_autofree char *chain = va_base64_encode (zeros, 3 * VA_SEV_CERT_SIZE);
  g_autofree char *good = g_strdup_printf ("{\"return\": {\"pdh\": \"%s\", \"cert-chain\": \"%s\", \"cbitpos\": 51, "
                                           "\"reduced-phys-bits\": 1, \"cpu0-id\": \"\"}, \"id\": @ID}\n",
                                           pdh, chain);
  g_autofree char *swapped = g_strdup_printf ("{\"return\": {\"pdh\": \"%s\", \"cert-chain\": \"%s\", \"cbitpos\": 51, "
                                              "\"reduced-phys-bits\": 1}, \"id\": @ID}\n",
                                              chain, pdh);
  VaQmpSevCapabilities capabilities;
  Fixture f;

  set_up (&f, "query-sev-capabilities", good);
  g_assert_true (va_qmp_query_sev_capabilities (f.client, &capabilities, NULL));
  g_assert_cmpuint (capabilities.cbitpos, ==, 51);
  tear_down (&f);
  set_up (&f, "query-sev-capabilities", swapped);
  g_assert_false (va_qmp_query_sev_capabilities (f.client, &capabilities, NULL));
  tear_down (&f);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qmp/client/peer", test_peer);
  g_test_add_func ("/qmp/client/announced", test_announced);
  g_test_add_func ("/qmp/client/status", test_status);
  g_test_add_func ("/qmp/client/sev", test_sev);
  g_test_add_func ("/qmp/client/sev-refuses", test_sev_refuses);
  g_test_add_func ("/qmp/client/measure", test_measure);
  g_test_add_func ("/qmp/client/end-at-reset", test_end_at_reset);
  g_test_add_func ("/qmp/client/inject", test_inject);
  g_test_add_func ("/qmp/client/refusal", test_refusal);
  g_test_add_func ("/qmp/client/refuses-answers", test_refuses_answers);
  g_test_add_func ("/qmp/client/refuses-greetings", test_refuses_greetings);
  g_test_add_func ("/qmp/client/deadline", test_deadline);
  g_test_add_func ("/qmp/client/capabilities", test_capabilities);
  return g_test_run ();
}
