/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/client-reader.h"

#include <string.h>
#include "core/i18n.h"

#define PIECE 16384
#define HEAD_MAX (32 * 1024)
#define CHUNK_LINE_MAX 256
#define TRAILERS_MAX 32
/* Answers of 1xx before the real one: a service of ours sends at most one. */
#define INFORMATIONAL_MAX 4

G_DEFINE_QUARK (va-client-reader-error-quark, va_client_reader_error)

static gboolean
broken (GError **error, const char *why)
{
  g_set_error_literal (error, VA_CLIENT_READER_ERROR, 0, why);
  return FALSE;
}

/* Receives something more into call->pending. @ended: (nullable): whether the answer may end here, and whether it did. */
static gboolean
receive_more (VaClientCall *call, gboolean *ended, GError **error)
{
  guint8 piece[PIECE];
  gssize n = va_client_link_receive (call->link, piece, sizeof piece, error);

  if (n < 0)
    return FALSE;
  if (ended != NULL)
    *ended = n == 0;
  else if (n == 0 && call->answering)
    return broken (error, _("it ends before it is complete"));
  else if (n == 0)
    {
      g_set_error_literal (error, VA_CLIENT_LINK_ERROR, VA_CLIENT_LINK_ERROR_CLOSED, _("without an answer"));
      return FALSE;
    }
  call->answering = call->answering || n > 0;
  g_byte_array_append (call->pending, piece, (guint) n);
  return TRUE;
}

/* Makes sure that @mark is in call->pending, at @at. */
static gboolean
receive_up_to (VaClientCall *call, const char *mark, gsize max, gsize *at, GError **error)
{
  for (;;)
    {
      const guint8 *found = call->pending->len == 0 ? NULL : memmem (call->pending->data, call->pending->len, mark,
                                                                     strlen (mark));

      *at = found != NULL ? (gsize) (found - call->pending->data) : call->pending->len;
      if (*at > max)
        return broken (error, _("a line or a head of it is too long"));
      if (found != NULL)
        return TRUE;
      if (!receive_more (call, NULL, error))
        return FALSE;
    }
}

gboolean
va_client_read_head (VaClientCall *call, GError **error)
{
  const char *why = NULL;
  gboolean ok;
  gsize size;

  if (!receive_up_to (call, "\r\n\r\n", HEAD_MAX, &size, error))
    return FALSE;
  ok = va_client_head_parse ((const char *) call->pending->data, size, &call->head, &why);
  g_byte_array_remove_range (call->pending, 0, (guint) (size + 4));
  return ok ? TRUE : broken (error, why);
}

/* Moves up to @max bytes of what is pending into the reply. Returns: how many */
static gboolean
take_body (VaClientCall *call, guint64 max, gsize *taken, GError **error)
{
  *taken = (gsize) MIN (max, call->pending->len);
  if (*taken > call->max_reply - call->reply->len)
    {
      g_set_error (error, VA_CLIENT_READER_ERROR, 0,
                   _("its answer is larger than the %" G_GSIZE_FORMAT " bytes that are accepted"), call->max_reply);
      return FALSE;
    }
  if (*taken > 0)
    {
      g_byte_array_append (call->reply, call->pending->data, (guint) *taken);
      g_byte_array_remove_range (call->pending, 0, (guint) *taken);
    }
  return TRUE;
}

static gboolean
read_counted (VaClientCall *call, guint64 size, GError **error)
{
  for (;;)
    {
      gsize taken;

      if (!take_body (call, size, &taken, error))
        return FALSE;
      size -= taken;
      if (size == 0)
        return TRUE;
      if (!receive_more (call, NULL, error))
        return FALSE;
    }
}

static gboolean
read_to_end (VaClientCall *call, GError **error)
{
  gboolean ended = FALSE;
  gsize taken;

  while (!ended)
    if (!take_body (call, G_MAXUINT64, &taken, error) || !receive_more (call, &ended, error))
      return FALSE;
  return TRUE;
}

/* A line, without its end, is at the beginning of call->pending; @size is its length. */
static gboolean
read_line (VaClientCall *call, gsize *size, GError **error)
{
  return receive_up_to (call, "\r\n", CHUNK_LINE_MAX, size, error);
}

static void
drop_line (VaClientCall *call, gsize size)
{
  g_byte_array_remove_range (call->pending, 0, (guint) (size + 2));
}

static gboolean
read_trailers (VaClientCall *call, GError **error)
{
  for (guint i = 0; i < TRAILERS_MAX; i++)
    {
      gsize size;

      if (!read_line (call, &size, error))
        return FALSE;
      drop_line (call, size);
      if (size == 0)
        return TRUE;
    }
  return broken (error, _("it has too many trailers"));
}

static gboolean
read_chunks (VaClientCall *call, GError **error)
{
  for (;;)
    {
      guint64 chunk;
      gsize size;

      if (!read_line (call, &size, error))
        return FALSE;
      if (!va_client_chunk_size ((const char *) call->pending->data, size, &chunk))
        return broken (error, _("it has a chunk without a size"));
      drop_line (call, size);
      if (chunk == 0)
        return read_trailers (call, error);
      if (!read_counted (call, chunk, error) || !read_line (call, &size, error))
        return FALSE;
      if (size != 0)
        return broken (error, _("it has a chunk that is longer than its size"));
      drop_line (call, size);
    }
}

static gboolean
read_body (VaClientCall *call, GError **error)
{
  if (call->head.status == 204 || call->head.status == 304)
    return TRUE;
  if (call->head.chunked)
    return read_chunks (call, error);
  return call->head.has_length ? read_counted (call, call->head.length, error) : read_to_end (call, error);
}

gboolean
va_client_read_final (VaClientCall *call, GError **error)
{
  for (guint i = 0; call->head.status < 200; i++)
    {
      if (i == INFORMATIONAL_MAX)
        return broken (error, _("it consists of informational answers without end"));
      if (!va_client_read_head (call, error))
        return FALSE;
    }
  return read_body (call, error);
}

gboolean
va_client_read_answer (VaClientCall *call, GError **error)
{
  return va_client_read_head (call, error) && va_client_read_final (call, error);
}
