/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/*
 * The audit log's form. A record is one line of JSON; a link holds each record to all before it:
 *   link(n) = SHA-256 (link(n - 1) | SHA-256 (text(n))), link(0) = 32 zero bytes.
 * A record that a reader must not see is shown as its SHA-256 only, so that they can follow the chain; the random
 * salt in each record keeps them from guessing what it says.
 */
G_BEGIN_DECLS

#define VA_AUDIT_LINK_SIZE 32
#define VA_AUDIT_SALT_SIZE 16
#define VA_AUDIT_TEXT_MAX 65536 /* bytes of one record; all that a record can hold is far smaller */

/** va_audit_digest: SHA-256 of a record's @text, without the line's end. */
void va_audit_digest (const char *text, guint8 digest[VA_AUDIT_LINK_SIZE]);
/** va_audit_link: the link of the record with @digest behind the link @before. @link may be @before. */
void va_audit_link (const guint8 before[VA_AUDIT_LINK_SIZE], const guint8 digest[VA_AUDIT_LINK_SIZE],
                    guint8 link[VA_AUDIT_LINK_SIZE]);
/** va_audit_hash: the SHA-256 of @size bytes at @data, in hex, as records have it. Returns: (transfer full). */
char *va_audit_hash (gconstpointer data, gsize size);

G_END_DECLS
