/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * va_answer_text, va_answer_number, va_answer_true, va_answer_object, va_answer_array: members of the service's
 * answers, for display: absent, or of another kind, is %NULL or 0. All borrowed.
 */
const char *va_answer_text (JsonObject *object, const char *name);
gint64 va_answer_number (JsonObject *object, const char *name);
gboolean va_answer_true (JsonObject *object, const char *name);
JsonObject *va_answer_object (JsonObject *object, const char *name);
JsonArray *va_answer_array (JsonObject *object, const char *name);
/** va_answer_element: element @i if there is one and it is an object. */
JsonObject *va_answer_element (JsonArray *array, guint i);
/** va_answer_length: 0 for %NULL. */
guint va_answer_length (JsonArray *array);
/**
 * va_answer_list: a string, or an array of strings with ", " between them; %NULL when absent. Returns: (transfer full).
 */
char *va_answer_list (JsonObject *object, const char *name);

G_END_DECLS
