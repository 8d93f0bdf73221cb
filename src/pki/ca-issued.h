/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_ca_check_issued: whether a text is one certificate that a CA has issued: to somebody else, and signed with its
 * key.
 * @ca: PEM of the CA's certificate
 * @pem: the text, whatever it is
 * Errors: VA_CORE_ERROR_PARSE; the message says what @pem is instead, and what to give
 */
gboolean va_ca_check_issued (const char *ca, const char *pem, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
