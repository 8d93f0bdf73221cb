/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** A header, or an argument of the query; each text is ended by a zero byte that is not counted. */
typedef struct {
  const char *name, *value; /* value: %NULL: nothing was sent as it */
  gsize name_size, value_size;
} VaHeadPart;

/**
 * A request's head, its first line and its headers, as the engine read it. Everything in it is borrowed and lives as
 * long as the request.
 */
typedef struct {
  const char *target; /* as it was sent; not to be read any more, see in_place */
  gsize target_size;  /* up to the first zero byte */
  const char *method, *path, *version;
  GArray *headers, *arguments; /* of VaHeadPart, in order */
  gboolean in_place;           /* all of this lies where it came in, so that what the engine left out shows */
  gsize size;                  /* bytes that came, with the empty line at the end; 0: not known */
} VaHead;

/** va_head_header: the value of the first header @name, in any case; %NULL: there is none. */
const char *va_head_header (const VaHead *head, const char *name);
/** va_head_argument: the same of the query. */
const char *va_head_argument (const VaHead *head, const char *name);
/**
 * va_head_check: what of @head a proxy that stands before the service may read otherwise than the engine (RFC 9112,
 * section 11.2): a zero byte or another control character, a header that goes on in the next line, a blank before the
 * colon, a repeated Content-Length or Host, a Content-Length that is not a number in decimal, any Transfer-Encoding.
 * Their connection must end with the answer.
 * Errors: VA_PROBLEM_BAD_REQUEST
 */
gboolean va_head_check (const VaHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
