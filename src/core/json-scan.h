/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_json_scan: what json-glib does not check: that @text holds RFC 8259 tokens only (json-glib also takes comments,
 * other quotes and "var x ="), and how deep and how many they are.
 * @members: (out): how many members the objects in it have, repeated ones too
 * Errors: VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE
 */
gboolean va_json_scan (const char *text, gsize size, guint max_depth, guint max_values, guint *members,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
