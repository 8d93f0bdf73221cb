/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include "core/secret.h"

G_BEGIN_DECLS

#define VA_JSON_MAX_DEPTH 16
#define VA_JSON_MAX_VALUES 20000

/**
 * va_json_parse: strict RFC 8259 JSON whose top is an object: valid UTF-8, at most VA_JSON_MAX_DEPTH levels and
 * VA_JSON_MAX_VALUES values, no repeated key, nothing after it.
 * Returns: (transfer full): the object, or %NULL with @error set
 * Errors: VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE; their messages say where it is wrong and repeat nothing of @text
 */
JsonObject *va_json_parse (const char *text, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_json_parse_long: the same, of at most @max_values values. */
JsonObject *va_json_parse_long (const char *text, gsize size, guint max_values, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_json_print: @object as one line of JSON. Returns: (transfer full). */
char *va_json_print (JsonObject *object);
/** va_json_print_pretty: the same in several lines, for people. Returns: (transfer full). */
char *va_json_print_pretty (JsonObject *object);
/** va_json_print_node: the same of any value. */
char *va_json_print_node (JsonNode *node);

/**
 * VaFields takes the members of one object, by name and kind; one left untaken is an error at the end. The first
 * mistake is kept and every later call does nothing, so that a message is read in one go and checked once:
 * va_fields_end() gives the verdict. Messages name members and what they must be, and never repeat their values, but
 * numbers. Absent optional members leave their out argument %NULL or unchanged.
 */
typedef struct {
  JsonObject *object; /* borrowed */
  GHashTable *taken;
  GError *error;
  const char *where; /* how the object is called in messages */
  gboolean secret;   /* it holds a secret: not even the name of an unknown member is shown */
} VaFields;

#define VA_FIELDS_INIT(object_, where_) \
  { \
    (object_), NULL, NULL, (where_), FALSE \
  }

typedef enum { VA_OPTIONAL, VA_REQUIRED } VaPresence;

/** va_fields_string: strings are borrowed from the object; @max is in bytes. */
const char *va_fields_string (VaFields *fields, const char *name, VaPresence presence, gsize max);
/** va_fields_choice: a string out of @choices (%NULL-terminated); its index, or -1. */
int va_fields_choice (VaFields *fields, const char *name, VaPresence presence, const char *const *choices);
/** va_fields_number: a whole number; @out is left as it is when absent. TRUE if it was there and fits. */
gboolean va_fields_number (VaFields *fields, const char *name, VaPresence presence, guint64 min, guint64 max,
                           guint64 *out);
/** va_fields_boolean: @fallback when it is absent or of another kind. */
gboolean va_fields_boolean (VaFields *fields, const char *name, gboolean fallback);
/** va_fields_object: borrowed; %NULL when absent. */
JsonObject *va_fields_object (VaFields *fields, const char *name, VaPresence presence);
/** va_fields_array: of at most @max_length elements. Borrowed; %NULL when absent. */
JsonArray *va_fields_array (VaFields *fields, const char *name, VaPresence presence, guint max_length);
/** va_fields_strings: an array of strings, each 1 to @max_each bytes. Returns: (transfer full): %NULL when absent. */
char **va_fields_strings (VaFields *fields, const char *name, VaPresence presence, guint max_length, gsize max_each);
/** va_fields_base64_exact: base64 of exactly @size bytes into @out; TRUE if it was there and fits. */
gboolean va_fields_base64_exact (VaFields *fields, const char *name, VaPresence presence, gpointer out, gsize size);
/** va_fields_base64: base64 of at most @max bytes. Returns: (transfer full): %NULL when absent. */
GBytes *va_fields_base64 (VaFields *fields, const char *name, VaPresence presence, gsize max);
/** va_fields_secret: base64 of at most @max bytes into secret memory. Returns: (transfer full): %NULL when absent. */
VaSecret *va_fields_secret (VaFields *fields, const char *name, VaPresence presence, gsize max);
/** va_fields_hex: lower-case hex of exactly @size bytes into @out. */
gboolean va_fields_hex (VaFields *fields, const char *name, VaPresence presence, gpointer out, gsize size);
/** va_fields_uuid: a UUID, as canonical text. Returns: (transfer full): %NULL when absent. */
char *va_fields_uuid (VaFields *fields, const char *name, VaPresence presence);
/** va_fields_fail: keeps a mistake that the caller found himself, as "WHERE: member “NAME”: MESSAGE". */
void va_fields_fail (VaFields *fields, const char *name, const char *format, ...) G_GNUC_PRINTF (3, 4);
/**
 * va_fields_end: the verdict; frees what @fields holds.
 * Errors: VA_CORE_ERROR_PARSE, with a sentence that names the member
 */
gboolean va_fields_end (VaFields *fields, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_json_array: the array in @text (%NULL too); an empty one if it is none. Returns: (transfer full). */
JsonNode *va_json_array (const char *text);
/**
 * va_json_array_add: an array with one element more.
 * @array: (transfer full): as va_json_print_node() makes it; %NULL: an empty one
 * Returns: (transfer full): its text
 */
char *va_json_array_add (char *array, JsonObject *element);

G_END_DECLS
