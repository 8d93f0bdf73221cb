/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/server.h"

#include "core/error.h"
#include "core/i18n.h"
#include "http/server/exchange-private.h"
#include "http/server/tcp-listener.h"
#include "pki/tls-files.h"
#include "http/server/tls.h"
#include "http/server/transport.h"

#define CONNECTION_MEMORY (32 * 1024) /* of one connection: headers, and the piece of the body under way */
#define ASIDE_THREADS 4               /* handlers that wait for others at the same time */
#define HELD_MAX (256u * 1024 * 1024)

struct _VaServer {
  struct MHD_Daemon *daemon;
  VaTcpListener *listener;
  VaConnections *connections;
  char *ca_file, *certificate_file, *key_file;
  GMutex mutex;           /* of credentials */
  GPtrArray *credentials; /* of gnutls_certificate_credentials_t, the last one for new connections; GnuTLS does not
                               count who uses one, so all of them stay: one for each reload */
  VaExchanges exchanges;
  VaServerStatistics *statistics, own; /* own: when nobody asks for them */
};

static gnutls_certificate_credentials_t
current_credentials (VaServer *server)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&server->mutex);

  return server->credentials->pdata[server->credentials->len - 1];
}

static void
on_http_connection (void *data, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
  VaServer *server = data;
  const union MHD_ConnectionInfo *info;
  VaConnection *connection;
  int fd;

  if (what == MHD_CONNECTION_NOTIFY_CLOSED)
    {
      connection = *context;
      atomic_fetch_sub (&server->statistics->connections, 1);
      if (connection != NULL && !connection->verified)
        atomic_fetch_add (&server->statistics->unverified, 1);
      g_clear_pointer (context, va_connection_free);
      return;
    }
  info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
  fd = info != NULL ? info->connect_fd : -1;
  info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  if (fd < 0 || info == NULL || info->tls_session == NULL)
    g_error ("libmicrohttpd gives no TLS session: clients could not be verified");
  connection = va_connection_new (server->connections, fd, server->exchanges.request_seconds);
  /* Before the credentials: what comes between the two is verified once more. */
  connection->trust = va_trust_generation (server->exchanges.trust);
  va_transport_begin (info->tls_session, connection, mhd);
  va_tls_demand_client (info->tls_session, current_credentials (server), connection,
                        server->exchanges.timeout_seconds + server->exchanges.request_seconds);
  *context = connection;
  atomic_fetch_add (&server->statistics->accepted, 1);
  atomic_fetch_add (&server->statistics->connections, 1);
}

/* libmicrohttpd closes a connection that is one too many of its address before anybody is asked; all it does is to say
   so. */
#define OVER_LIMIT "Server reached connection limit."

G_GNUC_PRINTF (2, 0)
static void
on_log (void *data, const char *format, va_list arguments)
{
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  VaServer *server = data;

  if (g_str_has_prefix (format, OVER_LIMIT))
    atomic_fetch_add (&server->statistics->over_limit, 1);
  g_debug ("libmicrohttpd: %s", g_strchomp (message));
}

static gboolean
take_client (int fd, const struct sockaddr *address, socklen_t size, gpointer data)
{
  VaServer *server = data;

  return MHD_add_connection (server->daemon, fd, address, size) == MHD_YES;
}

/* libmicrohttpd divides its limit among its threads; here it is the listener that keeps to one for all of them. */
static gboolean
start_daemon (VaServer *server, const VaServerSettings *settings, const VaTlsFiles *files, GError **error)
{
  guint threads = MAX (settings->threads, 1);

  server->daemon =
    MHD_start_daemon (MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS | MHD_USE_ITC
                        | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG,
                      0, NULL, NULL, va_exchange_continue, &server->exchanges, MHD_OPTION_EXTERNAL_LOGGER, on_log,
                      server, MHD_OPTION_HTTPS_PRIORITIES, VA_TLS_PRIORITY, MHD_OPTION_HTTPS_MEM_TRUST, files->ca,
                      MHD_OPTION_HTTPS_MEM_CERT, files->certificate, MHD_OPTION_HTTPS_MEM_KEY,
                      (const char *) va_secret_data (files->key), MHD_OPTION_NOTIFY_CONNECTION, on_http_connection,
                      server, MHD_OPTION_URI_LOG_CALLBACK, va_exchange_begin, &server->exchanges,
                      MHD_OPTION_NOTIFY_COMPLETED, va_exchange_end, &server->exchanges, MHD_OPTION_CONNECTION_LIMIT,
                      (unsigned) settings->max_connections * threads, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                      (unsigned) settings->max_connections_per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                      (size_t) CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) settings->timeout_seconds,
                      MHD_OPTION_STRICT_FOR_CLIENT, 1, threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
                      (unsigned) threads, MHD_OPTION_END);
  if (server->daemon != NULL)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot start the HTTPS server at port %u"),
               va_tcp_listener_port (server->listener));
  return FALSE;
}

static void
server_free (VaServer *server)
{
  g_clear_pointer (&server->listener, va_tcp_listener_free);
  g_clear_pointer (&server->connections, va_connections_free);
  g_clear_pointer (&server->exchanges.revocation, va_revocation_free);
  g_clear_pointer (&server->exchanges.trust, va_trust_free);
  if (server->exchanges.aside != NULL)
    g_thread_pool_free (server->exchanges.aside, TRUE, TRUE);
  g_cond_clear (&server->exchanges.quiet);
  g_mutex_clear (&server->exchanges.mutex);
  va_account_free (server->exchanges.account);
  g_ptr_array_unref (server->credentials);
  g_mutex_clear (&server->mutex);
  g_free (server->ca_file);
  g_free (server->certificate_file);
  g_free (server->key_file);
  g_free (server);
}

static void
free_credentials (gpointer credentials)
{
  gnutls_certificate_free_credentials (credentials);
}

static gboolean
add_credentials (VaServer *server, const VaTlsFiles *files, GError **error)
{
  gnutls_certificate_credentials_t credentials = va_tls_files_credentials (files, error);

  if (credentials == NULL)
    return FALSE;
  g_mutex_lock (&server->mutex);
  g_ptr_array_add (server->credentials, credentials);
  g_mutex_unlock (&server->mutex);
  return TRUE;
}

static gboolean
verifies_no_more (const VaConnection *connection, gpointer trust)
{
  return !va_trust_verifies (trust, &connection->certificate.chain);
}

gboolean
va_server_reload (VaServer *server, GError **error)
{
  g_auto(VaTlsFiles) files = { 0 };

  if (!va_tls_files_load (&files, server->ca_file, server->certificate_file, server->key_file, error)
      || !add_credentials (server, &files, error) || !va_trust_set_ca (server->exchanges.trust, files.ca, error))
    return FALSE;
  if (server->exchanges.revocation != NULL)
    va_revocation_set_ca (server->exchanges.revocation, files.ca);
  va_connections_cut_if (server->connections, verifies_no_more, server->exchanges.trust);
  return TRUE;
}

/* Without either file nothing is looked at. */
static gboolean
load_revocation (VaServer *server, const VaServerSettings *settings, const VaTlsFiles *files, GError **error)
{
  if (settings->deny_file == NULL && settings->crl_file == NULL)
    return TRUE;
  server->exchanges.revocation = va_revocation_new (settings->deny_file, settings->crl_file, files->ca, error);
  return server->exchanges.revocation != NULL;
}

VaServer *
va_server_start (const VaServerSettings *settings, const VaRoute *routes, gpointer user_data, GError **error)
{
  g_auto(VaTlsFiles) files = { 0 };
  VaServer *server;

  if (!va_tls_files_load (&files, settings->ca_file, settings->certificate_file, settings->key_file, error))
    return NULL;
  server = g_new0 (VaServer, 1);
  server->exchanges.routes = routes;
  server->exchanges.user_data = user_data;
  server->exchanges.refused = settings->refused;
  server->exchanges.finished = settings->finished;
  server->statistics = settings->statistics != NULL ? settings->statistics : &server->own;
  server->exchanges.statistics = server->statistics;
  server->exchanges.timeout_seconds = settings->timeout_seconds;
  server->exchanges.request_seconds = settings->request_seconds;
  server->exchanges.account = va_account_new (settings->max_held != 0 ? settings->max_held : HELD_MAX);
  server->ca_file = g_strdup (settings->ca_file);
  server->certificate_file = g_strdup (settings->certificate_file);
  server->key_file = g_strdup (settings->key_file);
  g_mutex_init (&server->mutex);
  server->credentials = g_ptr_array_new_with_free_func (free_credentials);
  g_mutex_init (&server->exchanges.mutex);
  g_cond_init (&server->exchanges.quiet);
  server->connections = va_connections_new (settings->max_connections, settings->max_connections_per_address);
  server->exchanges.aside = g_thread_pool_new (va_exchange_run_aside, NULL, ASIDE_THREADS, FALSE, NULL);
  server->exchanges.trust = va_trust_new (files.ca, error);
  if (server->exchanges.trust != NULL)
    server->listener = va_tcp_listener_open (settings->address, settings->port, error);
  if (server->listener != NULL && add_credentials (server, &files, error)
      && load_revocation (server, settings, &files, error) && start_daemon (server, settings, &files, error))
    {
      va_tcp_listener_start (server->listener, server->connections, take_client, server);
      return server;
    }
  server_free (server);
  return NULL;
}

guint16
va_server_port (const VaServer *server)
{
  return va_tcp_listener_port (server->listener);
}

void
va_server_stop (VaServer *server)
{
  VaExchanges *exchanges = &server->exchanges;
  gint64 end = g_get_monotonic_time () + (gint64) exchanges->request_seconds * G_USEC_PER_SEC;

  va_tcp_listener_stop (server->listener);
  g_mutex_lock (&exchanges->mutex);
  exchanges->stopping = TRUE;
  while (exchanges->active > 0 && g_cond_wait_until (&exchanges->quiet, &exchanges->mutex, end))
    ;
  exchanges->closed = TRUE;
  g_mutex_unlock (&exchanges->mutex);
  /* Afterwards no connection is suspended, which libmicrohttpd would not forgive. */
  g_thread_pool_free (g_steal_pointer (&exchanges->aside), FALSE, TRUE);
  MHD_stop_daemon (server->daemon);
  server_free (server);
}
