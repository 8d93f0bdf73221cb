/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "bench/load.h"

/*
 * Sends requests that were prepared before, over TLS 1.3 with a client certificate: one thread a client, each with the
 * next request as soon as it has an answer. The file of requests has for each one a line `METHOD PATH SIZE` and SIZE
 * bytes. Prints one line of JSON; what was answered with anything but 2xx is counted as failed.
 */

static gint port, clients = 1, count, limit_ms;
static gboolean fresh, refused, waits;
static char *certificate, *key, *requests_path, *answers_path, *latencies_path;

static const GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Of the server, on 127.0.0.1", "N" },
  { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate, "Of the client; without it, none is shown", "FILE" },
  { "key", 0, 0, G_OPTION_ARG_FILENAME, &key, "Of the client", "FILE" },
  { "requests", 0, 0, G_OPTION_ARG_FILENAME, &requests_path, "What to send", "FILE" },
  { "clients", 0, 0, G_OPTION_ARG_INT, &clients, "How many at once", "N" },
  { "count", 0, 0, G_OPTION_ARG_INT, &count, "Send so many; behind the last comes the first", "N" },
  { "milliseconds", 0, 0, G_OPTION_ARG_INT, &limit_ms, "Begin none behind this time", "N" },
  { "fresh", 0, 0, G_OPTION_ARG_NONE, &fresh, "A connection for each request, with its handshake", NULL },
  { "refused", 0, 0, G_OPTION_ARG_NONE, &refused, "The server must refuse each client in the handshake", NULL },
  { "wait", 0, 0, G_OPTION_ARG_NONE, &waits, "Say that all are connected, then begin at a line on standard input",
    NULL },
  { "answers", 0, 0, G_OPTION_ARG_FILENAME, &answers_path, "Write the answers' bodies, a line each", "FILE" },
  { "latencies", 0, 0, G_OPTION_ARG_FILENAME, &latencies_path, "Write microseconds, a line each", "FILE" },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static LoadTarget target;
static GPtrArray *requests; /* of GBytes */
static double *latencies;   /* microseconds, by the request's number */
static char **answers;
static gint next, failed, in_time; /* in_time: answered before no more was to begin */

/* All clients are connected before the clock starts. */
static GMutex mutex;
static GCond changed;
static gint ready;
static gboolean go;
static double stop_at; /* when no client begins another request */

static double
microseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static void
wait_for_start (void)
{
  g_mutex_lock (&mutex);
  ready++;
  g_cond_broadcast (&changed);
  while (!go)
    g_cond_wait (&changed, &mutex);
  g_mutex_unlock (&mutex);
}

static void
fail (guint status, const char *text)
{
  if (g_atomic_int_add (&failed, 1) == 0)
    fprintf (stderr, "bench-load: %u %s\n", status, text != NULL ? text : "");
}

static gboolean
exchange (LoadConnection *connection, gint i)
{
  GBytes *request = requests->pdata[(guint) i % requests->len];
  g_autofree char *body = NULL;
  guint status = load_exchange (connection, request, &body);

  if (status / 100 != 2)
    fail (status, body);
  else if (answers != NULL)
    answers[i] = g_steal_pointer (&body);
  return status != 0;
}

/* A client that the server refuses has finished its own side of the handshake when it hears of it. */
static void
be_refused (void)
{
  LoadConnection connection;
  const char *why;
  char byte;
  ssize_t got;

  if (!load_open (&target, &connection, &why))
    return;
  do
    got = gnutls_record_recv (connection.session, &byte, 1);
  while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
  if (got > 0)
    fail (0, "the server has taken a client that it should refuse");
  load_close (&connection);
}

static void
one_fresh (gint i)
{
  LoadConnection connection;
  const char *why;

  if (!load_open (&target, &connection, &why))
    {
      fail (0, why);
      return;
    }
  exchange (&connection, i);
  load_close (&connection);
}

/* With TLS 1.3 the server still has the client's certificate to verify when the client's side of the handshake is
   done: a first answer, whatever it says, tells that it has. */
static void
open_and_settle (LoadConnection *connection)
{
  static const char hello[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  g_autoptr(GBytes) request = g_bytes_new_static (hello, sizeof hello - 1);
  const char *why;

  if (!load_open (&target, connection, &why))
    g_error ("no connection to the server: %s", why);
  if (load_exchange (connection, request, NULL) == 0)
    g_error ("the server does not answer");
}

static gpointer
client (gpointer unused)
{
  LoadConnection connection = { -1, NULL };
  gboolean open = TRUE;

  if (!fresh && !refused)
    open_and_settle (&connection);
  wait_for_start ();
  for (gint i; open && microseconds () < stop_at && (i = g_atomic_int_add (&next, 1)) < count;)
    {
      double begun = microseconds ();

      if (refused)
        be_refused ();
      else if (fresh)
        one_fresh (i);
      else
        open = exchange (&connection, i);
      latencies[i] = microseconds () - begun;
      if (begun + latencies[i] < stop_at)
        g_atomic_int_inc (&in_time);
    }
  load_close (&connection);
  return unused;
}

static GBytes *
write_request (const char *line, gsize line_size, const char *body, gsize size)
{
  g_autofree char *head = g_strndup (line, line_size);
  g_auto(GStrv) words = g_strsplit (head, " ", 3);
  g_autoptr(GString) text = g_string_new (NULL);

  g_string_printf (text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", words[0], words[1]);
  if (size > 0)
    g_string_append_printf (text, "Content-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n", size);
  g_string_append (text, "\r\n");
  g_string_append_len (text, body, (gssize) size);
  return g_bytes_new (text->str, text->len);
}

static void
load_requests (void)
{
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize size, at = 0;

  requests = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (!g_file_get_contents (requests_path, &data, &size, &error))
    g_error ("%s", error->message);
  while (at < size)
    {
      const char *line = data + at, *end = memchr (line, '\n', size - at), *last;
      gsize length = end != NULL ? (gsize) (end - line) : 0, body;

      last = length > 0 ? memrchr (line, ' ', length) : NULL;
      body = last != NULL ? strtoul (last + 1, NULL, 10) : 0;
      if (last == NULL || body > size - at - length - 1)
        g_error ("%s: no request at byte %" G_GSIZE_FORMAT, requests_path, at);
      g_ptr_array_add (requests, write_request (line, (gsize) (last - line), end + 1, body));
      at += length + 1 + body;
    }
  if (requests->len == 0)
    g_error ("%s has no request", requests_path);
}

static void
load_credentials (void)
{
  int status;

  if (gnutls_certificate_allocate_credentials (&target.credentials) < 0)
    g_error ("GnuTLS gives no credentials");
  if (certificate == NULL)
    return;
  status = gnutls_certificate_set_x509_key_file (target.credentials, certificate, key, GNUTLS_X509_FMT_PEM);
  if (status < 0)
    g_error ("%s, %s: %s", certificate, key, gnutls_strerror (status));
  /* Shown even to a server that does not name its issuer. */
  gnutls_certificate_set_flags (target.credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
}

/* Several of this program can so begin at the same moment. */
static void
wait_for_line (void)
{
  printf ("ready\n");
  fflush (stdout);
  if (getchar () != '\n')
    g_error ("a line was expected on standard input");
}

/* Seconds from the moment when all are connected to the last answer. */
static double
run_clients (void)
{
  g_autofree GThread **threads = g_new0 (GThread *, (gsize) clients);
  double begun;

  for (gint i = 0; i < clients; i++)
    threads[i] = g_thread_new ("client", client, NULL);
  g_mutex_lock (&mutex);
  while (ready < clients)
    g_cond_wait (&changed, &mutex);
  if (waits)
    wait_for_line ();
  go = TRUE;
  begun = microseconds ();
  stop_at = limit_ms > 0 ? begun + limit_ms * 1e3 : INFINITY;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&mutex);
  for (gint i = 0; i < clients; i++)
    g_thread_join (threads[i]);
  count = MIN (count, next);
  return (microseconds () - begun) / 1e6;
}

static void
write_lines (const char *path, char **lines)
{
  FILE *out = fopen (path, "we");

  if (out == NULL)
    g_error ("%s: %s", path, g_strerror (errno));
  for (gint i = 0; i < count; i++)
    fprintf (out, "%s\n", lines[i] != NULL ? lines[i] : "");
  if (fclose (out) != 0)
    g_error ("%s: %s", path, g_strerror (errno));
}

static void
write_latencies (void)
{
  g_auto(GStrv) lines = g_new0 (char *, (gsize) count + 1);

  for (gint i = 0; i < count; i++)
    lines[i] = g_strdup_printf ("%.1f", latencies[i]);
  write_lines (latencies_path, lines);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
report (double seconds)
{
  struct rusage usage;
  double cpu;

  getrusage (RUSAGE_SELF, &usage);
  cpu = (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  if (latencies_path != NULL)
    write_latencies ();
  if (answers_path != NULL)
    write_lines (answers_path, answers);
  qsort (latencies, (size_t) count, sizeof *latencies, compare);
  printf ("{\"count\": %d, \"in-time\": %d, \"failed\": %d, \"seconds\": %.6f, \"p50\": %.1f, \"p99\": %.1f, "
          "\"client-cpu\": %.6f}\n",
          count, in_time, failed, seconds, latencies[count / 2], latencies[(gint64) count * 99 / 100], cpu);
}

int
main (int argc, char **argv)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 || port < 1 || port > 65535 || clients < 1
      || count < 1 || limit_ms < 0 || (!refused && requests_path == NULL) || (certificate == NULL) != (key == NULL))
    {
      fprintf (stderr, "bench-load: %s; see --help\n", error != NULL ? error->message : "a needed option is missing");
      return 2;
    }
  target.port = (guint16) port;
  signal (SIGPIPE, SIG_IGN);
  load_credentials ();
  if (!refused)
    load_requests ();
  latencies = g_new0 (double, (gsize) count);
  answers = answers_path != NULL ? g_new0 (char *, (gsize) count + 1) : NULL;
  report (run_clients ());
  return 0;
}
