/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <stdio.h>
#include "http/server/server.h"

/* The service's HTTPS server and nothing behind it: GET /v1/healthz answers {}. Prints its port, ends with SIGTERM. */

static gboolean
say_hello (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  (void) request, (void) user_data, (void) error;
  response->status = 200;
  response->json = json_object_new ();
  return TRUE;
}

static const VaRoute routes[] = {
  { "GET", "/v1/healthz", VA_ROLE_BIT (VA_ROLE_HOST), 0, say_hello, "healthz" },
  { NULL },
};

static gboolean
on_end (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GError) error = NULL;
  VaServerSettings settings = { .address = "127.0.0.1",
                                .max_connections = 512,
                                .max_connections_per_address = 128,
                                .timeout_seconds = 15,
                                .request_seconds = 30,
                                .threads = CLAMP (g_get_num_processors (), 2, 16) };
  VaServer *server;

  if (argc != 4)
    {
      fprintf (stderr, "usage: bench-hello CA CERTIFICATE KEY\n");
      return 2;
    }
  settings.ca_file = argv[1];
  settings.certificate_file = argv[2];
  settings.key_file = argv[3];
  server = va_server_start (&settings, routes, NULL, &error);
  if (server == NULL)
    g_error ("%s", error->message);
  g_unix_signal_add (SIGTERM, on_end, loop);
  printf ("listening on 127.0.0.1 port %u\n", va_server_port (server));
  fflush (stdout);
  g_main_loop_run (loop);
  va_server_stop (server);
  return 0;
}
