/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/* Members that messages are made of: each kind with its reader and its writer. */
G_BEGIN_DECLS

/** va_fields_nested_end: the verdict of @nested becomes a mistake of @fields's member @name. */
void va_fields_nested_end (VaFields *fields, const char *name, VaFields *nested);
/**
 * va_fields_text: a string of 1 to @max bytes without control characters; %NULL when absent. Returns: (transfer full).
 */
char *va_fields_text (VaFields *fields, const char *name, VaPresence presence, gsize max);
/**
 * va_fields_check_each: whether each of @strings (%NULL passes, an empty list does not) satisfies @check; @expected
 * says what was wanted.
 */
void va_fields_check_each (VaFields *fields, const char *name, char *const *strings,
                           gboolean (*check) (const char *text), const char *expected);

/**
 * va_fields_one_or_several: one string, or a list of them, each 1 to @max_each bytes. Returns: (transfer full): as a
 * list; %NULL when absent.
 */
char **va_fields_one_or_several (VaFields *fields, const char *name, VaPresence presence, guint max_length,
                                 gsize max_each);
/** va_json_set_base64: adds @size bytes as base64. */
void va_json_set_base64 (JsonObject *object, const char *name, gconstpointer data, gsize size);
/** va_json_set_hex: adds @size bytes as lower-case hex. */
void va_json_set_hex (JsonObject *object, const char *name, gconstpointer data, gsize size);
/** va_json_set_text: adds @text unless it is %NULL. */
void va_json_set_text (JsonObject *object, const char *name, const char *text);
/** va_json_set_strings: adds @strings unless it is %NULL. */
void va_json_set_strings (JsonObject *object, const char *name, char *const *strings);
/** va_json_set_one_or_several: adds @strings unless it is %NULL, one alone without a list around it. */
void va_json_set_one_or_several (JsonObject *object, const char *name, char *const *strings);

G_END_DECLS
