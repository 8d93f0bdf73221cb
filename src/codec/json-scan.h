/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_json_scan: that @text is one value by the grammar of RFC 8259 (json-glib also takes comments, other quotes and
 * "var x =", and its messages repeat what it read), and how deep it is and how many values it has.
 * @max_depth: less than 64
 * @members: (out): how many members the objects in it have, repeated ones too
 * Errors: VA_CORE_ERROR_PARSE: with line, column and what was expected, and nothing of @text; VA_CORE_ERROR_RANGE
 */
gboolean va_json_scan (const char *text, gsize size, guint max_depth, guint max_values, guint *members, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
