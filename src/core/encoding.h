/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "core/secret.h"

G_BEGIN_DECLS

/** va_hex_encode: lower-case hex of @size bytes. Returns: (transfer full). */
char *va_hex_encode (gconstpointer data, gsize size);
/**
 * va_hex_decode: decodes @text (2 * @size digits, either case, nothing else) into @out, exactly @size bytes.
 * Errors: VA_CORE_ERROR_PARSE
 */
gboolean va_hex_decode (const char *text, gpointer out, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_is_hex: whether @text is exactly @digits lower-case hex digits. */
gboolean va_is_hex (const char *text, gsize digits);

/** va_base64_encode: RFC 4648 base64 with padding, no line ends. Returns: (transfer full). */
char *va_base64_encode (gconstpointer data, gsize size);
/**
 * va_base64_decode: strict RFC 4648 section 4: padding demanded, no white space, unused bits zero.
 * @max: most bytes that the result may have
 * Returns: (transfer full): the bytes, or %NULL with @error set
 * Errors: VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE
 */
GBytes *va_base64_decode (const char *text, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_base64_decode_exact: the same into @out, which must come out as exactly @size bytes. */
gboolean va_base64_decode_exact (const char *text, gpointer out, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_base64_decode_secret: the same into secret memory. */
VaSecret *va_base64_decode_secret (const char *text, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
