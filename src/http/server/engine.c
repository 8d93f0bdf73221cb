/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/engine.h"

#include <microhttpd.h>
#include <string.h>

#define CONNECTION_MEMORY (32 * 1024) /* of one connection: headers, and the piece of the body under way */

struct _VaEngine {
  struct MHD_Daemon *daemon;
  const VaEngineCalls *calls;
  gpointer data;
};

struct _VaWire {
  struct MHD_Connection *mhd;
  VaConnection *connection;
  VaHead head;       /* of the request under way; its arrays stay for the next one */
  gboolean has_head; /* it has been read */
  gboolean answered; /* with an answer of ours */
};

static VaWire *
find_wire (struct MHD_Connection *mhd)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

  return info != NULL ? info->socket_context : NULL;
}

static VaWire *
open_wire (VaEngine *engine, struct MHD_Connection *mhd)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
  int fd = info != NULL ? info->connect_fd : -1;
  VaWire *wire = g_new0 (VaWire, 1);

  info = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  if (fd < 0 || info == NULL || info->tls_session == NULL)
    g_error ("libmicrohttpd gives no TLS session: clients could not be verified");
  wire->mhd = mhd;
  wire->head.headers = g_array_new (FALSE, FALSE, sizeof (VaHeadPart));
  wire->head.arguments = g_array_new (FALSE, FALSE, sizeof (VaHeadPart));
  wire->head.in_place = g_str_has_prefix (MHD_get_version (), "0.");
  wire->connection = engine->calls->opened (wire, fd, info->tls_session, engine->data);
  return wire;
}

static void
close_wire (VaEngine *engine, VaWire *wire)
{
  engine->calls->closed (wire->connection, engine->data);
  g_array_unref (wire->head.headers);
  g_array_unref (wire->head.arguments);
  g_free (wire);
}

static void
on_http_connection (void *data, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
  if (what == MHD_CONNECTION_NOTIFY_STARTED)
    *context = open_wire (data, mhd);
  else if (*context != NULL)
    close_wire (data, g_steal_pointer (context));
}

static void *
on_target (void *data, const char *target, struct MHD_Connection *mhd)
{
  VaEngine *engine = data;
  VaWire *wire = find_wire (mhd);

  if (wire == NULL)
    return NULL;
  wire->has_head = wire->answered = FALSE;
  wire->head.target = target;
  wire->head.target_size = strlen (target);
  return engine->calls->begun (wire->connection, target, engine->data);
}

static enum MHD_Result
on_head_part (void *data, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
              size_t value_size)
{
  VaHead *head = data;
  const VaHeadPart part = { name, value, name_size, value_size };

  g_array_append_val (kind == MHD_HEADER_KIND ? head->headers : head->arguments, part);
  return MHD_YES;
}

static const VaHead *
gather_head (VaWire *wire, const char *path, const char *method, const char *version)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (wire->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  VaHead *head = &wire->head;

  wire->has_head = TRUE;
  head->path = path;
  head->method = method;
  head->version = version;
  head->size = info != NULL ? info->header_size : 0;
  g_array_set_size (head->headers, 0);
  g_array_set_size (head->arguments, 0);
  MHD_get_connection_values_n (wire->mhd, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, on_head_part, head);
  return head;
}

static enum MHD_Result
on_request (void *data, struct MHD_Connection *mhd, const char *path, const char *method, const char *version,
            const char *upload, size_t *upload_size, void **state)
{
  const VaEngineCalls *calls = ((VaEngine *) data)->calls;
  VaWire *wire = find_wire (mhd);
  gboolean go_on;

  if (wire == NULL || *state == NULL)
    return MHD_NO;
  if (!wire->has_head)
    go_on = calls->head (*state, gather_head (wire, path, method, version));
  else if (*upload_size > 0)
    {
      go_on = calls->body (*state, upload, *upload_size);
      /* libmicrohttpd would leave it in its buffer, and the body may be a secret. */
      va_wipe ((gpointer) upload, *upload_size);
      *upload_size = 0;
    }
  else
    go_on = wire->answered || calls->complete (*state);
  return go_on ? MHD_YES : MHD_NO;
}

static void
on_request_end (void *data, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode how)
{
  VaEngine *engine = data;
  VaWire *wire = find_wire (mhd);

  (void) how;
  if (*state != NULL)
    engine->calls->ended (g_steal_pointer (state));
  if (wire != NULL)
    wire->answered = FALSE;
}

/* libmicrohttpd closes a connection that is one too many of its address before anybody is asked; all it does is to say
   so. */
#define OVER_LIMIT "Server reached connection limit."

G_GNUC_PRINTF (2, 0)
static void
on_log (void *data, const char *format, va_list arguments)
{
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  VaEngine *engine = data;

  if (g_str_has_prefix (format, OVER_LIMIT))
    engine->calls->turned_away (engine->data);
  g_debug ("libmicrohttpd: %s", g_strchomp (message));
}

/*
 * libmicrohttpd divides its limit among its threads; it is the listener that keeps to one for all of them. They wait
 * with poll(2), see docs/ARCHITECTURE.md.
 */
static struct MHD_Daemon *
start_daemon (VaEngine *engine, const VaServerSettings *settings, const VaTlsFiles *files)
{
  const guint threads = MAX (settings->threads, 1);
  const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS | MHD_USE_ITC
                         | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
  const struct MHD_OptionItem options[] = {
    { MHD_OPTION_EXTERNAL_LOGGER, (intptr_t) on_log, engine },
    { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) VA_TLS_PRIORITY },
    { MHD_OPTION_HTTPS_MEM_TRUST, 0, files->ca },
    { MHD_OPTION_HTTPS_MEM_CERT, 0, files->certificate },
    { MHD_OPTION_HTTPS_MEM_KEY, 0, va_secret_data (files->key) },
    { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t) on_http_connection, engine },
    { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t) on_target, engine },
    { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t) on_request_end, engine },
    { MHD_OPTION_CONNECTION_LIMIT, settings->max_connections * threads, NULL },
    { MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->max_connections_per_address, NULL },
    { MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
    { MHD_OPTION_CONNECTION_TIMEOUT, settings->timeout_seconds, NULL },
    { MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
    { threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL },
    { MHD_OPTION_END, 0, NULL },
  };

  return MHD_start_daemon (flags, 0, NULL, NULL, on_request, engine, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

VaEngine *
va_engine_start (const VaServerSettings *settings, const VaTlsFiles *files, const VaEngineCalls *calls, gpointer data)
{
  VaEngine *engine = g_new0 (VaEngine, 1);

  engine->calls = calls;
  engine->data = data;
  engine->daemon = start_daemon (engine, settings, files);
  if (engine->daemon == NULL)
    g_clear_pointer (&engine, g_free);
  return engine;
}

gboolean
va_engine_take (int fd, const struct sockaddr *address, socklen_t size, gpointer engine)
{
  return MHD_add_connection (((VaEngine *) engine)->daemon, fd, address, size) == MHD_YES;
}

void
va_engine_stop (VaEngine *engine)
{
  if (engine == NULL)
    return;
  MHD_stop_daemon (engine->daemon);
  g_free (engine);
}

gboolean
va_wire_answer (VaWire *wire, const VaAnswer *answer)
{
  struct MHD_Response *response =
    MHD_create_response_from_buffer_with_free_callback (answer->size, answer->text, g_free);

  if (response == NULL)
    {
      g_free (answer->text);
      return FALSE;
    }
  for (gsize i = 0; i < answer->header_count; i++)
    if (answer->headers[i].value != NULL)
      MHD_add_response_header (response, answer->headers[i].name, answer->headers[i].value);
  wire->answered = TRUE;
  wire->answered = MHD_queue_response (wire->mhd, answer->status, response) == MHD_YES;
  MHD_destroy_response (response);
  return wire->answered;
}

gboolean
va_wire_has_foreign_answer (const VaWire *wire)
{
  return !wire->answered && MHD_get_connection_info (wire->mhd, MHD_CONNECTION_INFO_HTTP_STATUS) != NULL;
}

void
va_wire_suspend (VaWire *wire)
{
  MHD_suspend_connection (wire->mhd);
}

void
va_wire_resume (VaWire *wire)
{
  MHD_resume_connection (wire->mhd);
}
