/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-call.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "http/client-reader.h"

#define PIECE 16384
/* From this size on the service is asked before the body is sent, so that a refusal comes early and whole. */
#define ASK_FIRST (32 * 1024)
/* What an honest answer takes in TLS beside its body: handshake, head, record headers. */
#define OVERHEAD (256 * 1024)
/* Between two attempts to connect: a peer that is starting is found soon, and one that is down costs little. */
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 1000

/* The body, and the kind of it. */
typedef struct {
  GBytes *bytes;
  const char *type;
} Body;

static Body
make_body (const VaClientRequest *request)
{
  if (request->json != NULL)
    {
      char *text = va_json_print (request->json);

      return (Body){ g_bytes_new_take (text, strlen (text)), "application/json" };
    }
  if (request->data != NULL)
    return (Body){ g_bytes_new_static (request->data, request->size), "application/octet-stream" };
  return (Body){ NULL, NULL };
}

/* What would end the line that it stands in, or make another request of it, is not an address. */
static gboolean
check_path (const VaClientCall *call, GError **error)
{
  const char *path = call->request->path;

  for (const char *p = path; *p != '\0'; p++)
    if (*p <= ' ' || *p >= 0x7f)
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s%s” is not a valid address"), call->url, path);
        return FALSE;
      }
  return TRUE;
}

static gboolean
asks_first (const Body *body)
{
  return body->bytes != NULL && g_bytes_get_size (body->bytes) > ASK_FIRST;
}

static gboolean
send_head (VaClientCall *call, const Body *body, GError **error)
{
  const VaClientRequest *request = call->request;
  g_autoptr(GString) text = g_string_new (NULL);

  g_string_append_printf (text, "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s/%s\r\nConnection: close\r\n",
                          request->method, call->base, request->path, call->authority, PACKAGE_NAME, PACKAGE_VERSION);
  if (request->request_id != NULL)
    g_string_append_printf (text, "%s: %s\r\n", VA_REQUEST_ID_HEADER, request->request_id);
  if (body->bytes != NULL)
    g_string_append_printf (text, "Content-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n", body->type,
                            g_bytes_get_size (body->bytes));
  else if (!g_str_equal (request->method, "GET"))
    g_string_append (text, "Content-Length: 0\r\n");
  if (asks_first (body))
    g_string_append (text, "Expect: 100-continue\r\n");
  g_string_append (text, "\r\n");
  return va_client_link_send (call->link, text->str, text->len, error);
}

static gboolean
send_body (VaClientCall *call, const Body *body, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (body->bytes, &size);

  while (call->sent < size)
    {
      gsize piece = MIN (PIECE, size - call->sent);

      if (!va_client_link_send (call->link, data + call->sent, piece, error))
        return FALSE;
      call->sent += piece;
      if (call->request->progress != NULL)
        call->request->progress (call->sent, size, call->request->progress_data);
    }
  return TRUE;
}

/* Sends, and reads the answer. A server that refuses early may close its side while the body is still on its way: its
   answer counts then, and not that sending failed. */
static gboolean
converse (VaClientCall *call, const Body *body, GError **error)
{
  g_autoptr(GError) unsent = NULL;

  if (!send_head (call, body, error))
    return FALSE;
  if (asks_first (body))
    {
      if (!va_client_read_head (call, error))
        return FALSE;
      if (call->head.status != 100)
        return va_client_read_final (call, error);
    }
  if (body->bytes == NULL || send_body (call, body, &unsent))
    return va_client_read_answer (call, error);
  if (g_error_matches (unsent, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_CLOSED)
      && va_client_read_answer (call, NULL))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&unsent));
  return FALSE;
}

/* A link; where it may, until there is one or no time is left. */
static gboolean
open_link (VaClientCall *call, GError **error)
{
  const VaClientLinkPlan plan = { call->host, call->port, call->end, OVERHEAD + 2 * (guint64) call->max_reply };
  guint pause_ms = PAUSE_MIN_MS;

  for (;;)
    {
      g_autoptr(GError) reason = NULL;

      call->link = va_client_link_open (&plan, call->trust, &reason);
      if (call->link != NULL)
        return TRUE;
      call->out_of_time = g_get_monotonic_time () + pause_ms * G_TIME_SPAN_MILLISECOND >= call->end;
      if (!call->request->persist || !g_error_matches (reason, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_CONNECT)
          || call->out_of_time)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      g_usleep (pause_ms * G_TIME_SPAN_MILLISECOND);
      pause_ms = MIN (pause_ms * 2, PAUSE_MAX_MS);
    }
}

static char *
date_text (gint64 seconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
}

/* A server says little to a client that it refuses; a reason that is known here is worth more. */
static void
explain_closed (const VaClientCall *call, const char *why, GError **error)
{
  const VaClientTrust *trust = call->trust;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *date = NULL;

  if (trust->ours && (now > trust->ends || now < trust->begins))
    {
      date = date_text (now > trust->ends ? trust->ends : trust->begins);
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                   now > trust->ends
                     ? _("cannot reach the service at %s: it refused the client certificate %s, which ended on %s; have the "
                         "site's CA issue a new one (virt-attest ca issue)")
                     : _("cannot reach the service at %s: it refused the client certificate %s, which is not valid before "
                         "%s; check the clock"), call->url, trust->certificate_file, date);
    }
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("cannot reach the service at %s: it closed the connection (%s); it may have refused the client "
                   "certificate, see the service's log"), call->url, why);
}

static void
explain (const VaClientCall *call, const GError *reason, GError **error)
{
  if (reason->domain == VA_CLIENT_READER_ERROR
      || g_error_matches (reason, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_FLOOD)
      || (call->answering && reason->code != VA_CLIENT_LINK_ERROR_LATE))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service at %s gave a broken answer: %s"), call->url,
                 reason->message);
  else if (reason->code == VA_CLIENT_LINK_ERROR_LATE)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("the service at %s did not answer within %u ms"),
                 call->url, call->request->deadline_ms);
  else if (reason->code == VA_CLIENT_LINK_ERROR_CLOSED)
    explain_closed (call, reason->message, error);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("cannot reach the service at %s: %s"), call->url,
                 reason->message);
}

gboolean
va_client_call_run (VaClientCall *call, GError **error)
{
  Body body;
  g_autoptr(GError) reason = NULL;
  gboolean ok;

  call->end = g_get_monotonic_time () + (gint64) call->request->deadline_ms * 1000;
  call->reply = g_byte_array_new ();
  call->pending = g_byte_array_new ();
  if (!check_path (call, error))
    return FALSE;
  body = make_body (call->request);
  ok = open_link (call, &reason) && converse (call, &body, &reason);
  g_clear_pointer (&body.bytes, g_bytes_unref);
  if (ok)
    return TRUE;
  call->out_of_time = call->out_of_time
                      || g_error_matches (reason, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_LATE);
  explain (call, reason, error);
  return FALSE;
}

void
va_client_call_clear (VaClientCall *call)
{
  g_clear_pointer (&call->link, va_client_link_close);
  g_clear_pointer (&call->reply, g_byte_array_unref);
  g_clear_pointer (&call->pending, g_byte_array_unref);
}
