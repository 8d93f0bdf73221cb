/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client/call.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/number.h"
#include "http/client/explain.h"
#include "http/client/peer.h"

#define PIECE 16384
/* From this size on the service is asked before the body is sent, so that a refusal comes early and whole. */
#define ASK_FIRST (32 * 1024)
/* How long a handshake that was cut is waited for; its thread ends within a millisecond unless the machine is
   overloaded. */
#define LEFTOVERS_MS 2000
/* What an honest answer takes in TLS beside its body: handshake, head, record headers. */
#define OVERHEAD (256 * 1024)
/* Answers of 1xx; an honest server sends one or two. */
#define INFORMATIONAL_MAX 8
/* Between two attempts to connect: a peer that is starting is found soon, and one that is down costs little. */
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 1000

static void
finish_call (VaClientCall *call, GError *error)
{
  if (call->error == NULL)
    call->error = error;
  else
    g_clear_error (&error);
  call->done = TRUE;
}

static void read_on (VaClientCall *call);

static void
on_piece (GObject *source, GAsyncResult *result, gpointer data)
{
  VaClientCall *call = data;
  GError *error = NULL;
  g_autoptr(GBytes) piece = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize size = piece != NULL ? g_bytes_get_size (piece) : 0;

  if (piece == NULL)
    finish_call (call, error);
  else if (size == 0)
    call->done = TRUE;
  else if (size > call->max_reply - call->reply->len)
    {
      call->answer_fault = g_strdup_printf (_("its answer is larger than the limit of %zu bytes"), call->max_reply);
      finish_call (call, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, call->answer_fault));
    }
  else
    {
      g_byte_array_append (call->reply, g_bytes_get_data (piece, NULL), (guint) size);
      read_on (call);
    }
}

static void
read_on (VaClientCall *call)
{
  g_input_stream_read_bytes_async (call->stream, PIECE, G_PRIORITY_DEFAULT, call->cancellable, on_piece, call);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  VaClientCall *call = data;
  SoupMessageHeaders *headers = soup_message_get_response_headers (call->message);
  const char *type, *after;
  GError *error = NULL;
  guint64 seconds = 0;

  call->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (call->stream == NULL)
    {
      finish_call (call, error);
      return;
    }
  call->status = soup_message_get_status (call->message);
  type = soup_message_headers_get_content_type (headers, NULL);
  call->json_type = type != NULL && g_ascii_strcasecmp (type, "application/json") == 0;
  after = soup_message_headers_get_one (headers, "Retry-After");
  if (after != NULL && va_number_parse (after, 0, G_MAXUINT, &seconds, NULL))
    call->retry_after = (guint) seconds;
  read_on (call);
}

static void
on_wrote (SoupMessage *message, guint size, gpointer data)
{
  VaClientCall *call = data;

  call->sent += size;
  if (call->request->progress != NULL)
    call->request->progress (call->sent, g_bytes_get_size (call->body), call->request->progress_data);
}

static void
on_informational (SoupMessage *message, gpointer data)
{
  VaClientCall *call = data;

  call->answering = TRUE;
  if (++call->informational <= INFORMATIONAL_MAX || call->answer_fault != NULL)
    return;
  call->answer_fault = g_strdup_printf (_("it sent more than %d informational answers"), INFORMATIONAL_MAX);
  g_cancellable_cancel (call->cancellable);
}

static void
on_headers (SoupMessage *message, gpointer data)
{
  VaClientCall *call = data;

  call->answering = TRUE;
}

/* What would end the line that it stands in, or make another request of it, is not an address. */
static gboolean
check_path (const VaClientCall *call, GError **error)
{
  for (const char *p = call->request->path; *p != '\0'; p++)
    if (*p <= ' ' || *p >= 0x7f)
      return va_client_explain_address (call, error);
  return TRUE;
}

/* The request's body, and the type of it. */
static const char *
make_body (VaClientCall *call)
{
  const VaClientRequest *request = call->request;

  if (request->json != NULL)
    {
      char *text = va_json_print (request->json);

      call->body = g_bytes_new_take (text, strlen (text));
      return "application/json";
    }
  if (request->data != NULL)
    call->body = g_bytes_new_static (request->data, request->size);
  return "application/octet-stream";
}

static gboolean
make_message (VaClientCall *call, const char *type)
{
  g_autofree char *address = g_strconcat (call->url, call->request->path, NULL);
  SoupMessageHeaders *headers;

  call->message = soup_message_new (call->request->method, address);
  if (call->message == NULL)
    return FALSE;
  headers = soup_message_get_request_headers (call->message);
  /* The second flag lets a POST have a connection that was used before. */
  soup_message_add_flags (call->message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  if (call->request->request_id != NULL)
    soup_message_headers_replace (headers, VA_REQUEST_ID_HEADER, call->request->request_id);
  if (call->body != NULL)
    soup_message_set_request_body_from_bytes (call->message, type, call->body);
  if (call->body != NULL && g_bytes_get_size (call->body) > ASK_FIRST)
    soup_message_headers_set_expectations (headers, SOUP_EXPECTATION_CONTINUE);
  g_signal_connect (call->message, "wrote-body-data", G_CALLBACK (on_wrote), call);
  g_signal_connect (call->message, "got-informational", G_CALLBACK (on_informational), call);
  g_signal_connect (call->message, "got-headers", G_CALLBACK (on_headers), call);
  va_client_peer_watch (call);
  return TRUE;
}

/* A shut socket can look like the end of an answer, hence an answer counts only if the watchdog had no part in it. */
static gboolean
is_faultless (const VaClientCall *call)
{
  return call->error == NULL && call->peer_fault == NULL && call->answer_fault == NULL
         && call->verdict == VA_CLIENT_VERDICT_NONE;
}

static void
run_attempt (VaClientCall *call)
{
  VaClientLine *line = call->line;

  call->reused = call->connected = call->handshake_done = va_client_line_prepare (line, call->trust);
  if (call->reused)
    va_client_watch_socket (call->watch, line->socket);
  call->done = FALSE;
  soup_session_send_async (line->session, call->message, G_PRIORITY_DEFAULT, call->cancellable, on_sent, call);
  while (!call->done)
    g_main_context_iteration (call->context, TRUE);
  g_signal_handlers_disconnect_by_data (call->message, call);
  g_clear_object (&call->stream);
  line->last_used = g_get_monotonic_time ();
  if (is_faultless (call))
    return;
  if (call->reused)
    va_client_line_cut (line);
  else
    va_client_line_drop (line);
}

/* Whether a kept connection has turned out to be dead, as after a restart of the service. */
static gboolean
is_stale (const VaClientCall *call)
{
  return call->error != NULL && call->reused && !call->answering && call->peer_fault == NULL
         && call->answer_fault == NULL && !g_cancellable_is_cancelled (call->cancellable)
         && g_get_monotonic_time () < call->end;
}

/* Whether a failure to connect, or a dead connection, leaves reason and time for another attempt; then it has waited
   before it, if need be. */
static gboolean
tries_again (VaClientCall *call, guint *pause_ms)
{
  if (is_stale (call))
    {
      g_clear_error (&call->error);
      g_clear_object (&call->message);
      call->sent = 0;
      return TRUE;
    }
  if (call->error == NULL || call->connected || g_cancellable_is_cancelled (call->cancellable))
    return FALSE;
  call->out_of_time = g_get_monotonic_time () + *pause_ms * G_TIME_SPAN_MILLISECOND >= call->end;
  if (!call->request->persist || call->out_of_time)
    return FALSE;
  g_usleep (*pause_ms * G_TIME_SPAN_MILLISECOND);
  *pause_ms = MIN (*pause_ms * 2, PAUSE_MAX_MS);
  g_clear_error (&call->error);
  g_clear_object (&call->message);
  return TRUE;
}

static gboolean
run_attempts (VaClientCall *call, const char *type)
{
  guint pause_ms = PAUSE_MIN_MS;

  do
    {
      if (!make_message (call, type))
        return FALSE;
      run_attempt (call);
    }
  while (tries_again (call, &pause_ms));
  return TRUE;
}

static gboolean
end_wait (gpointer over)
{
  *(gboolean *) over = TRUE;
  return G_SOURCE_REMOVE;
}

/* What a session left behind ends here, under the watchdog's eyes as well. After a failure a thread of GIO's may still
   be in a handshake. It frees what it holds when it reports to this context, so it is waited for. */
static void
finish_leftovers (VaClientCall *call)
{
  gboolean over = call->error == NULL;
  g_autoptr(GSource) timer = g_timeout_source_new (LEFTOVERS_MS);

  g_source_set_callback (timer, end_wait, &over, NULL);
  g_source_attach (timer, call->context);
  while (!over && va_client_peer_is_connected (call))
    g_main_context_iteration (call->context, TRUE);
  g_source_destroy (timer);
  while (g_main_context_iteration (call->context, FALSE))
    ;
}

/* The attempts, and what is left of them, under the watchdog. Returns: FALSE: the address is not one. */
static gboolean
run_watched (VaClientCall *call, const char *type)
{
  gboolean own = call->line == NULL, ok;

  if (own)
    call->line = va_client_line_new ();
  call->context = call->line->context;
  g_main_context_push_thread_default (call->context);
  call->watch =
    va_client_watch_begin (call->end, (guint64) call->max_reply + OVERHEAD, call->context, call->cancellable);
  ok = run_attempts (call, type);
  if (own)
    va_client_line_drop (call->line);
  finish_leftovers (call);
  call->verdict = va_client_watch_end (g_steal_pointer (&call->watch));
  /* The verdict may have come in the last moment, when the socket was shut already. */
  if (call->verdict != VA_CLIENT_VERDICT_NONE)
    va_client_line_cut (call->line);
  g_main_context_pop_thread_default (call->context);
  if (own)
    g_clear_pointer (&call->line, va_client_line_free);
  return ok;
}

gboolean
va_client_call_run (VaClientCall *call, GError **error)
{
  const char *type;

  call->end = g_get_monotonic_time () + (gint64) call->request->deadline_ms * 1000;
  call->cancellable = g_cancellable_new ();
  call->reply = g_byte_array_new ();
  if (!check_path (call, error))
    return FALSE;
  type = make_body (call);
  if (!run_watched (call, type))
    return va_client_explain_address (call, error);
  if (is_faultless (call))
    return TRUE;
  call->out_of_time = call->out_of_time || call->verdict == VA_CLIENT_VERDICT_LATE;
  return va_client_explain (call, error);
}

void
va_client_call_clear (VaClientCall *call)
{
  g_clear_object (&call->stream);
  g_clear_object (&call->message);
  g_clear_pointer (&call->body, g_bytes_unref);
  g_clear_pointer (&call->reply, g_byte_array_unref);
  g_clear_object (&call->cancellable);
  va_client_peer_clear (call);
  g_clear_pointer (&call->peer_fault, g_free);
  g_clear_pointer (&call->answer_fault, g_free);
  g_clear_error (&call->error);
}
