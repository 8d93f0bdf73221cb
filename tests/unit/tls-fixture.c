/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tls-fixture.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <gnutls/x509-ext.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/file.h"

Fixture *
fixture_new (void)
{
  static const char *const hosts[] = { "127.0.0.1", "localhost", NULL };
  Fixture *fixture = g_new0 (Fixture, 1);
  g_autoptr(GError) error = NULL;
  VaCaRequest request = { .server = TRUE, .hosts = hosts };
  VaCaPair *server;

  fixture->folder = g_dir_make_tmp ("va-tls-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->ca_file = g_build_filename (fixture->folder, "ca.pem", NULL);
  fixture->ca = va_ca_create ("Test CA", VA_CA_P256, 30, &error);
  g_assert_no_error (error);
  g_assert_true (va_file_create (fixture->ca_file, fixture->ca->certificate, strlen (fixture->ca->certificate), 0644,
                                 NULL));
  server = va_ca_issue (fixture->ca, &request, &error);
  g_assert_no_error (error);
  fixture->server = fixture_write (fixture, "server", server);
  return fixture;
}

void
fixture_free (Fixture *fixture)
{
  g_autoptr(GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (fixture->folder);
  fixture_files_clear (&fixture->server);
  va_ca_pair_free (fixture->ca);
  g_free (fixture->ca_file);
  g_free (fixture->folder);
  g_free (fixture);
}

FixtureFiles
fixture_write (Fixture *fixture, const char *name, VaCaPair *pair)
{
  FixtureFiles files = { g_strdup_printf ("%s/%s.pem", fixture->folder, name),
                         g_strdup_printf ("%s/%s.key", fixture->folder, name) };

  g_assert_true (va_file_write (files.certificate, pair->certificate, strlen (pair->certificate), 0644, NULL));
  g_assert_true (va_file_write (files.key, va_secret_data (pair->key), va_secret_size (pair->key), 0600, NULL));
  va_ca_pair_free (pair);
  return files;
}

void
fixture_files_clear (FixtureFiles *files)
{
  g_clear_pointer (&files->certificate, g_free);
  g_clear_pointer (&files->key, g_free);
}

FixtureFiles
fixture_client (Fixture *fixture, VaRole role, const char *name)
{
  g_autoptr(GError) error = NULL;
  VaCaRequest request = { .role = role, .name = name };
  VaCaPair *pair = va_ca_issue (fixture->ca, &request, &error);

  g_assert_no_error (error);
  return fixture_write (fixture, name, pair);
}

static gnutls_datum_t
datum (const void *data, gsize size)
{
  return (gnutls_datum_t){ (unsigned char *) data, (unsigned) size };
}

gnutls_x509_crt_t
fixture_import (const VaCaPair *pair)
{
  gnutls_datum_t pem = datum (pair->certificate, strlen (pair->certificate));
  gnutls_x509_crt_t certificate;

  g_assert_cmpint (gnutls_x509_crt_init (&certificate), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_import (certificate, &pem, GNUTLS_X509_FMT_PEM), >=, 0);
  return certificate;
}

static void
say_odd (gnutls_x509_crt_t certificate, const Odd *odd)
{
  for (guint i = 0; odd->uris[i] != NULL; i++)
    g_assert_cmpint (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_URI, odd->uris[i],
                                                           (unsigned) strlen (odd->uris[i]), GNUTLS_FSAN_APPEND),
                     >=, 0);
  if (odd->dns != NULL)
    g_assert_cmpint (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, odd->dns,
                                                           (unsigned) strlen (odd->dns), GNUTLS_FSAN_APPEND),
                     >=, 0);
  if (odd->raw_names != NULL)
    g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (certificate, GNUTLS_X509EXT_OID_SAN,
                                                           g_bytes_get_data (odd->raw_names, NULL),
                                                           g_bytes_get_size (odd->raw_names), 0),
                     >=, 0);
  for (guint i = 0; odd->purposes[i] != NULL; i++)
    g_assert_cmpint (gnutls_x509_crt_set_key_purpose_oid (certificate, odd->purposes[i], 0), >=, 0);
  if (odd->usage != 0)
    g_assert_cmpint (gnutls_x509_crt_set_key_usage (certificate, odd->usage), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_set_basic_constraints (certificate, odd->ca, -1), >=, 0);
}

VaCaPair *
fixture_odd (Fixture *fixture, const Odd *odd)
{
  gnutls_datum_t ca_pem = datum (va_secret_data (fixture->ca->key), va_secret_size (fixture->ca->key));
  gnutls_x509_crt_t ca = fixture_import (fixture->ca), certificate;
  gnutls_x509_privkey_t ca_key, key;
  gnutls_datum_t pem;
  VaCaPair *pair = g_new0 (VaCaPair, 1);

  gnutls_x509_privkey_init (&ca_key);
  gnutls_x509_privkey_init (&key);
  gnutls_x509_crt_init (&certificate);
  g_assert_cmpint (gnutls_x509_privkey_import (ca_key, &ca_pem, GNUTLS_X509_FMT_PEM), >=, 0);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0),
                   >=, 0);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_key (certificate, key);
  gnutls_x509_crt_set_serial (certificate, "\x42", 1);
  gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 60);
  gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 3600);
  say_odd (certificate, odd);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, ca, ca_key, GNUTLS_DIG_SHA256, 0), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &pem), >=, 0);
  pair->certificate = g_strndup ((char *) pem.data, pem.size);
  gnutls_free (pem.data);
  g_assert_cmpint (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem), >=, 0);
  pair->key = va_secret_copy_in (pem.data, pem.size);
  gnutls_free (pem.data);
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_crt_deinit (ca);
  gnutls_x509_privkey_deinit (key);
  gnutls_x509_privkey_deinit (ca_key);
  return pair;
}

static struct sockaddr_in
loopback (const char *address, guint16 port)
{
  struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (port) };

  g_assert_cmpint (inet_pton (AF_INET, address, &in.sin_addr), ==, 1);
  return in;
}

static void
limit_time (int fd)
{
  struct timeval limit = { .tv_sec = 10 };

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), ==, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), ==, 0);
}

int
raw_connect (guint16 port, const char *source)
{
  struct sockaddr_in to = loopback ("127.0.0.1", port);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  limit_time (fd);
  if (source != NULL)
    {
      struct sockaddr_in from = loopback (source, 0);

      g_assert_cmpint (bind (fd, (struct sockaddr *) &from, sizeof from), ==, 0);
    }
  g_assert_cmpint (connect (fd, (struct sockaddr *) &to, sizeof to), ==, 0);
  return fd;
}

static int
shake_hands (gnutls_session_t session)
{
  int rc;

  do
    rc = gnutls_handshake (session);
  while (rc < 0 && !gnutls_error_is_fatal (rc) && rc != GNUTLS_E_AGAIN);
  return rc;
}

RawClient *
raw_client_new (guint16 port, const char *source, const FixtureFiles *files, const char *priority)
{
  RawClient *client = g_new0 (RawClient, 1);

  client->fd = raw_connect (port, source);
  gnutls_certificate_allocate_credentials (&client->credentials);
  /* Shown whatever CAs the server asks for: the server must refuse it, not this end. */
  if (files != NULL)
    g_assert_cmpint (gnutls_certificate_set_x509_key_file (client->credentials, files->certificate, files->key,
                                                           GNUTLS_X509_FMT_PEM),
                     >=, 0);
  gnutls_init (&client->session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL);
  g_assert_cmpint (gnutls_priority_set_direct (client->session, priority, NULL), ==, 0);
  gnutls_credentials_set (client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
  gnutls_transport_set_int (client->session, client->fd);
  if (shake_hands (client->session) == 0)
    return client;
  raw_client_free (client);
  return NULL;
}

gboolean
raw_client_send (RawClient *client, const char *data, gssize size)
{
  gsize left = size >= 0 ? (gsize) size : strlen (data);

  while (left > 0)
    {
      ssize_t n = gnutls_record_send (client->session, data, left);

      if (n == GNUTLS_E_INTERRUPTED)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      left -= (gsize) n;
    }
  return TRUE;
}

static ssize_t
receive (gnutls_session_t session, void *out, gsize size)
{
  ssize_t n;

  do
    n = gnutls_record_recv (session, out, size);
  while (n == GNUTLS_E_INTERRUPTED || (n < 0 && n != GNUTLS_E_AGAIN && !gnutls_error_is_fatal ((int) n)));
  return n;
}

char *
raw_client_read (RawClient *client, gsize max)
{
  g_autoptr(GString) text = g_string_new (NULL);
  char piece[4096];
  ssize_t n;

  while (text->len < max && (n = receive (client->session, piece, MIN (sizeof piece, max - text->len))) > 0)
    g_string_append_len (text, piece, n);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
raw_client_record (RawClient *client)
{
  char piece[4096];
  ssize_t n = receive (client->session, piece, sizeof piece);

  return g_strndup (piece, n > 0 ? (gsize) n : 0);
}

static gsize
content_length (const char *head)
{
  g_autofree char *lower = g_ascii_strdown (head, -1);
  const char *header = strstr (lower, "\r\ncontent-length:");

  return header != NULL ? (gsize) g_ascii_strtoull (header + strlen ("\r\ncontent-length:"), NULL, 10) : 0;
}

char *
raw_client_answer (RawClient *client)
{
  g_autoptr(GString) text = g_string_new (NULL);
  char c;
  gsize body;
  g_autofree char *rest = NULL;

  while (strstr (text->str, "\r\n\r\n") == NULL && receive (client->session, &c, 1) == 1)
    g_string_append_c (text, c);
  body = strstr (text->str, "\r\n\r\n") != NULL ? content_length (text->str) : 0;
  rest = raw_client_read (client, body);
  g_string_append (text, rest);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
raw_client_free (RawClient *client)
{
  if (client == NULL)
    return;
  gnutls_deinit (client->session);
  gnutls_certificate_free_credentials (client->credentials);
  close (client->fd);
  g_free (client);
}

struct _RawServer {
  RawPlan plan;
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t ticket_key;
  int listener;
  guint16 port;
  GThread *thread;
  GString *read;
  gsize begin; /* of the current request in it */
};

/* Returns: whether anything came. */
static gboolean
read_request (RawServer *server, gnutls_session_t session)
{
  const char *end, *request;
  char c;

  server->begin = server->read->len;
  while (request = server->read->str + server->begin,
         (end = strstr (request, "\r\n\r\n")) == NULL
           || strlen (request) < (gsize) (end - request) + 4 + content_length (request))
    {
      if (receive (session, &c, 1) != 1)
        break;
      g_string_append_c (server->read, c);
      request = server->read->str + server->begin;
      /* A client that asks first gets its answer right away. */
      if (end == NULL && (end = strstr (request, "\r\n\r\n")) != NULL && strstr (request, "100-continue") != NULL)
        break;
    }
  return server->read->len > server->begin;
}

static void
send_answer (RawServer *server, gnutls_session_t session)
{
  g_autofree char *filler = g_strnfill (server->plan.repeat, 'x');

  if (server->plan.delay_ms > 0)
    g_usleep ((gulong) server->plan.delay_ms * 1000);
  if (server->plan.answer != NULL)
    gnutls_record_send (session, server->plan.answer, strlen (server->plan.answer));
  for (gsize sent = 0; sent < server->plan.repeat;)
    {
      ssize_t n = gnutls_record_send (session, filler + sent, server->plan.repeat - sent);

      if (n < 0)
        return;
      sent += (gsize) n;
    }
}

static void
flood (RawServer *server, gnutls_session_t session)
{
  g_autoptr(GString) block = g_string_new (NULL);

  while (block->len < 16000)
    g_string_append (block, server->plan.flood);
  while (gnutls_record_send (session, block->str, block->len) > 0)
    ;
}

static void
converse (RawServer *server, gnutls_session_t session, gboolean first)
{
  const RawPlan *plan = &server->plan;
  char c;

  while (plan->tickets && gnutls_session_ticket_send (session, 1, 0) >= 0)
    ;
  for (guint i = 0; i < MAX (plan->requests, 1) && read_request (server, session); i++)
    {
      send_answer (server, session);
      if (plan->later == NULL)
        continue;
      g_usleep (20 * 1000);
      gnutls_record_send (session, plan->later, strlen (plan->later));
    }
  if (first && (plan->drops || plan->silent))
    read_request (server, session);
  while (first && plan->silent && receive (session, &c, 1) == 1)
    ;
  if (plan->flood != NULL)
    flood (server, session);
}

static void
serve_connection (RawServer *server, int fd, gboolean first)
{
  gnutls_session_t session;
  char c;

  limit_time (fd);
  while (server->plan.no_handshake && read (fd, &c, 1) > 0)
    ;
  if (server->plan.no_handshake)
    return;
  gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
  gnutls_priority_set_direct (session, server->plan.priority != NULL ? server->plan.priority : TLS13, NULL);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, server->credentials);
  gnutls_certificate_server_set_request (session, GNUTLS_CERT_REQUEST);
  gnutls_transport_set_int (session, fd);
  if (server->plan.tickets)
    gnutls_session_ticket_enable_server (session, &server->ticket_key);
  if (shake_hands (session) == 0)
    {
      converse (server, session, first);
      gnutls_bye (session, GNUTLS_SHUT_WR);
    }
  gnutls_deinit (session);
}

static gpointer
serve (gpointer data)
{
  RawServer *server = data;

  for (guint i = 0; i < MAX (server->plan.connections, 1); i++)
    {
      int fd = accept4 (server->listener, NULL, NULL, SOCK_CLOEXEC);

      if (fd < 0)
        return NULL;
      serve_connection (server, fd, i == 0);
      close (fd);
    }
  return NULL;
}

RawServer *
raw_server_new (Fixture *fixture, const FixtureFiles *files, const RawPlan *plan)
{
  RawServer *server = g_new0 (RawServer, 1);
  struct sockaddr_in in = loopback ("127.0.0.1", 0);
  socklen_t size = sizeof in;

  server->plan = *plan;
  server->read = g_string_new (NULL);
  gnutls_certificate_allocate_credentials (&server->credentials);
  g_assert_cmpint (gnutls_certificate_set_x509_trust_file (server->credentials, fixture->ca_file, GNUTLS_X509_FMT_PEM),
                   >, 0);
  g_assert_cmpint (gnutls_certificate_set_x509_key_file (server->credentials, files->certificate, files->key,
                                                         GNUTLS_X509_FMT_PEM),
                   >=, 0);
  g_assert_cmpint (gnutls_session_ticket_key_generate (&server->ticket_key), ==, 0);
  server->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  limit_time (server->listener);
  g_assert_cmpint (bind (server->listener, (struct sockaddr *) &in, sizeof in), ==, 0);
  g_assert_cmpint (listen (server->listener, 4), ==, 0);
  g_assert_cmpint (getsockname (server->listener, (struct sockaddr *) &in, &size), ==, 0);
  server->port = ntohs (in.sin_port);
  server->thread = g_thread_new ("raw-server", serve, server);
  return server;
}

guint16
raw_server_port (RawServer *server)
{
  return server->port;
}

char *
raw_server_free (RawServer *server)
{
  char *text;

  g_thread_join (server->thread);
  close (server->listener);
  gnutls_certificate_free_credentials (server->credentials);
  gnutls_free (server->ticket_key.data);
  text = g_string_free (server->read, FALSE);
  g_free (server);
  return text;
}
