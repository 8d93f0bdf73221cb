/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_number_parse: an unsigned number, decimal or with 0x hexadecimal; the whole string must be the number.
 * Errors: VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE (outside @min to @max)
 */
gboolean va_number_parse (const char *text, guint64 min, guint64 max, guint64 *out, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
