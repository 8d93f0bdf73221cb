/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** va_print_safe: @text (%NULL: "") for a terminal: nothing in it that is not printable. Returns: (transfer full). */
char *va_print_safe (const char *text);
/**
 * va_print_line, va_print_error_line: one line on standard output, or on standard error. Nothing that is in it when it
 * is formatted can end it early or do something to a terminal. What peers say is printed by these functions alone:
 * test-tree.sh looks for others.
 */
void va_print_line (const char *format, ...) G_GNUC_PRINTF (1, 2);
void va_print_error_line (const char *format, ...) G_GNUC_PRINTF (1, 2);
/** va_print_json: @object, indented, on standard output; what a terminal would obey stands as \u escapes. */
void va_print_json (JsonObject *object);
/** va_print_json_line: the same in one line. */
void va_print_json_line (JsonObject *object);
/** va_print_json_text: a JSON text as a peer gave it, in one line, with the same escapes. */
void va_print_json_text (const char *text);
/**
 * va_print_record: a record of the audit log, for "audit verify": byte for byte, since its digest is over its bytes;
 * but at a terminal like va_print_json_text().
 */
void va_print_record (const char *text);
/**
 * va_print_xml: a document on standard output, byte for byte; but at a terminal with references for the characters
 * that it would obey.
 */
void va_print_xml (const char *text);
/** va_print_time: local date and time of @seconds since 1970 UTC; "–" for 0. Returns: (transfer full). */
char *va_print_time (gint64 seconds);
/** va_print_clock: local time of day with milliseconds, of @ms since 1970 UTC. Returns: (transfer full). */
char *va_print_clock (gint64 ms);

/** Rows of aligned columns. Everything printed goes through va_print_safe(). */
typedef struct _VaTable VaTable;
/** va_table_new: @columns: headings, %NULL-terminated, or without any heading when all are "". */
VaTable *va_table_new (const char *const *columns);
/** va_table_add: one cell a column; takes the strings. */
void va_table_add (VaTable *table, ...);
/** va_table_add_unreadable: a row of what the service has and cannot open; the table's end says what to do. */
void va_table_add_unreadable (VaTable *table, const char *key);
/** va_table_print: on standard output, then frees @table. @empty: what to say when there is no row. */
void va_table_print (VaTable *table, const char *empty);
/** va_table_field: a row of two: @name, and @value unless it is %NULL, which gives no row. Takes @value. */
void va_table_field (VaTable *table, const char *name, char *value);

G_END_DECLS
