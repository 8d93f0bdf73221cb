/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client-call.h"

G_BEGIN_DECLS

/** Why an answer is not one; the message goes into "gave a broken answer: MESSAGE". */
#define VA_CLIENT_READER_ERROR (va_client_reader_error_quark ())
GQuark va_client_reader_error_quark (void);

/**
 * va_client_read_head: the next head, informational or final, into call->head.
 * Errors: VA_CLIENT_READER_ERROR, VA_CLIENT_LINK_ERROR
 */
gboolean va_client_read_head (VaClientCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_read_final: after va_client_read_head(): heads on, past a few informational ones at most, and the body of
 * the final one into call->reply.
 * Errors: VA_CLIENT_READER_ERROR, VA_CLIENT_LINK_ERROR
 */
gboolean va_client_read_final (VaClientCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_client_read_answer: the two of them.
 * Errors: VA_CLIENT_READER_ERROR, VA_CLIENT_LINK_ERROR
 */
gboolean va_client_read_answer (VaClientCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
