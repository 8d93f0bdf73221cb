/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Bytes and text as people have them: out of files, mail, terminals, JSON and XML. What cannot be misunderstood is
 * taken: a byte-order mark, quotes and white space around it, lines of any length, base64 of either alphabet with or
 * without its padding, hex of either case. Everything is done in place, in the caller's memory, so that it works for
 * secrets too.
 */
G_BEGIN_DECLS

/** A part of the caller's memory. */
typedef struct {
  guint8 *data;
  gsize size;
  gboolean is_text; /* ASCII text, and not bytes as they are */
} VaPasted;

/**
 * va_pasted_open: looks at @size bytes. UTF-16 becomes ASCII; byte-order marks, quotes and white space around a text
 * are left out, and so are the typographic ones that mail and word processors make of them.
 * @data: (nullable) if @size is 0: changed
 */
void va_pasted_open (VaPasted *pasted, guint8 *data, gsize size);

/**
 * va_pasted_member: the value that stands behind @name in a text: a string in JSON, however deep, or the rest of a line
 * NAME: VALUE or NAME = VALUE, as virsh prints them.
 * @value: (out): a part of @whole
 */
gboolean va_pasted_member (const VaPasted *whole, const char *name, VaPasted *value);

/** va_pasted_has_armour: whether the text has a line "-----BEGIN …". */
gboolean va_pasted_has_armour (const VaPasted *pasted);
/** va_pasted_strip_armour: leaves out the lines "-----…", and the headers that may stand behind the first. */
void va_pasted_strip_armour (VaPasted *pasted);

/**
 * va_pasted_decode: what the text encodes in hex or base64; several pieces of base64 one behind the other are one.
 * @wanted: bytes that it should have, which decides where a text could be both; 0: any
 * Errors: VA_CORE_ERROR_PARSE: it is neither; the text is unchanged then
 */
gboolean va_pasted_decode (VaPasted *pasted, gsize wanted, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
