/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/server.h"

G_BEGIN_DECLS

/** What of a request is checked once its headers are there, before its body is. */

/**
 * va_request_check_body: length and media type: application/octet-stream for PUT, else that or application/json.
 * @announced: (out): bytes of the body to come, G_MAXSIZE when they are not known
 * Errors: VA_PROBLEM_BAD_REQUEST, VA_PROBLEM_TOO_LARGE, VA_PROBLEM_MEDIA_TYPE
 */
gboolean va_request_check_body (const VaHead *head, gsize max_body, gsize *announced, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_request_id_is_valid: 8 to 64 of A-Za-z0-9-: what may go into logs and headers as a peer gave it. */
gboolean va_request_id_is_valid (const char *id);
/** va_request_refuse_size: always FALSE, with VA_PROBLEM_TOO_LARGE. */
gboolean va_request_refuse_size (gsize max_body, GError **error);
/** va_request_check_query: every argument once, all of them text. Errors: VA_PROBLEM_BAD_REQUEST */
gboolean va_request_check_query (const VaHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
