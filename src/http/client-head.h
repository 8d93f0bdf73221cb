/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the head of an answer (HTTP/1.1, RFC 9112) says, as far as the client wants to know. */
typedef struct {
  guint status;      /* 100 to 599 */
  gboolean json;     /* Content-Type is application/json or application/problem+json */
  gboolean chunked;
  gboolean has_length;
  guint64 length;    /* of the body, with has_length */
  guint retry_after; /* seconds; 0: it did not say, or as a date */
} VaClientHead;

/**
 * va_client_head_parse: status line and headers, strictly: CRLF ends each line, no folded lines, no length twice or beside
 * chunks.
 * @text: @size bytes up to and without the empty line
 * Returns: FALSE with @why, a sentence (static)
 */
gboolean va_client_head_parse (const char *text, gsize size, VaClientHead *head, const char **why)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_client_chunk_size: the line before a chunk; extensions are passed over. Returns: FALSE: not such a line */
gboolean va_client_chunk_size (const char *line, gsize size, guint64 *out) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
