/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_GUID_SIZE 16

/** va_uuid_is_canonical: RFC 4122 text, 36 characters, lower case. */
gboolean va_uuid_is_canonical (const char *text);
/** va_uuid_canonical: @text (36 characters, either case) in lower case, or %NULL with VA_CORE_ERROR_PARSE. */
char *va_uuid_canonical (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_uuid_random: a fresh version 4 UUID from getrandom(2), so it cannot be guessed. */
char *va_uuid_random (void);
/**
 * va_uuid_by_time: a fresh version 7 UUID: 48 bits of milliseconds since 1970, then 74 from getrandom(2), so nobody can
 * guess it, and what is made one after the other stands beside one another in a database's index.
 * Spec: RFC 9562, section 5.7
 */
char *va_uuid_by_time (void);

/**
 * va_uuid_by_name: the version 5 UUID of @name in the space @space, the same wherever it is made.
 * @space: 16 bytes in the order of the text
 * Spec: RFC 9562, section 5.5
 */
char *va_uuid_by_name (const guint8 space[VA_GUID_SIZE], const char *name);

/**
 * va_guid_parse: text to the 16 bytes that firmware uses (first three fields little-endian).
 * Spec: UEFI, appendix A
 */
gboolean va_guid_parse (const char *text, guint8 out[VA_GUID_SIZE], GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_guid_format: the other way. Returns: (transfer full): 36 characters, lower case. */
char *va_guid_format (const guint8 guid[VA_GUID_SIZE]);

G_END_DECLS
