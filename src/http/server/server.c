/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/server.h"

#include "core/error.h"
#include "core/i18n.h"
#include "http/server/engine.h"
#include "http/server/exchange.h"
#include "http/server/tcp-listener.h"
#include "pki/tls-files.h"
#include "http/server/tls.h"
#include "http/server/transport.h"

#define ASIDE_THREADS 4 /* handlers that wait for others at the same time */
#define HELD_MAX (256u * 1024 * 1024)

struct _VaServer {
  VaEngine *engine;
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

static VaConnection *
open_connection (VaWire *wire, int fd, gnutls_session_t session, gpointer data)
{
  VaServer *server = data;
  VaConnection *connection = va_connection_new (server->connections, fd, server->exchanges.request_seconds);

  connection->wire = wire;
  connection->session = session;
  /* Before the credentials: what comes between the two is verified once more. */
  connection->trust = va_trust_generation (server->exchanges.trust);
  va_transport_begin (connection);
  va_tls_demand_client (session, current_credentials (server), connection,
                        server->exchanges.timeout_seconds + server->exchanges.request_seconds);
  atomic_fetch_add (&server->statistics->accepted, 1);
  atomic_fetch_add (&server->statistics->connections, 1);
  return connection;
}

static void
close_connection (VaConnection *connection, gpointer data)
{
  VaServer *server = data;

  atomic_fetch_sub (&server->statistics->connections, 1);
  if (!connection->verified)
    atomic_fetch_add (&server->statistics->unverified, 1);
  va_connection_free (connection);
}

static void
count_turned_away (gpointer data)
{
  VaServer *server = data;

  atomic_fetch_add (&server->statistics->over_limit, 1);
}

static gpointer
begin_request (VaConnection *connection, const char *target, gpointer data)
{
  VaServer *server = data;

  return va_exchange_begin (&server->exchanges, connection, target);
}

static const VaEngineCalls calls = {
  .opened = open_connection,
  .closed = close_connection,
  .turned_away = count_turned_away,
  .begun = begin_request,
  .head = va_exchange_take_head,
  .body = va_exchange_take_body,
  .complete = va_exchange_complete,
  .ended = va_exchange_end,
};

static gboolean
start_engine (VaServer *server, const VaServerSettings *settings, const VaTlsFiles *files, GError **error)
{
  server->engine = va_engine_start (settings, files, &calls, server);
  if (server->engine != NULL)
    return TRUE;
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot start the HTTPS server on port %u"),
                       va_tcp_listener_port (server->listener));
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
  va_underway_clear (&server->exchanges.underway);
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
  va_underway_init (&server->exchanges.underway);
  server->connections = va_connections_new (settings->max_connections, settings->max_connections_per_address);
  server->exchanges.aside = g_thread_pool_new (va_exchange_run_aside, NULL, ASIDE_THREADS, FALSE, NULL);
  server->exchanges.trust = va_trust_new (files.ca, error);
  if (server->exchanges.trust != NULL)
    server->listener = va_tcp_listener_open (settings->address, settings->port, error);
  if (server->listener != NULL && add_credentials (server, &files, error)
      && load_revocation (server, settings, &files, error) && start_engine (server, settings, &files, error))
    {
      va_tcp_listener_start (server->listener, server->connections, va_engine_take, server->engine);
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
  va_tcp_listener_stop (server->listener);
  va_underway_stop (&server->exchanges.underway, server->exchanges.request_seconds);
  /* Afterwards no connection is suspended, which the engine would not forgive. */
  g_thread_pool_free (g_steal_pointer (&server->exchanges.aside), FALSE, TRUE);
  va_engine_stop (server->engine);
  server_free (server);
}
