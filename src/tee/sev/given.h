/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pasted.h"

/* What people give where a measurement, a digest or a key is expected, in every form in which they have it. */
G_BEGIN_DECLS

typedef enum {
  VA_GIVEN_MEASUREMENT, /* 48 bytes: measure and nonce */
  VA_GIVEN_DIGEST,      /* 32 bytes: a launch digest */
  VA_GIVEN_TIK,         /* 16 bytes; also out of the pair TEK, TIK of 32 bytes */
  VA_GIVEN_TEK,
} VaGiven;

#define VA_GIVEN_MAX 65536 /* bytes of a text in which something is looked for */

/** va_given_size: bytes of @what as it is used. */
gsize va_given_size (VaGiven what);

/**
 * va_given_read: finds @what in @data: its bytes as they are; base64 or hex, with white space, quotes, PEM lines; what
 * virsh prints, JSON of QEMU's monitor, a line of sha256sum.
 * @data: changed; the caller wipes it if it is secret
 * @raw: whether @data may be the bytes themselves, as in a file
 * @out: va_given_size() bytes
 * @pair: (out) (optional): whether it is one of a pair of keys
 * Errors: VA_CORE_ERROR_PARSE, _RANGE, with a sentence that says what it is and what to do; never with its content
 */
gboolean va_given_read (VaGiven what, guint8 *data, gsize size, gboolean raw, gpointer out, gboolean *pair,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_given_name: what these bytes probably are, to say it in a sentence: "a PDH certificate", "an X.509 certificate".
 * Returns: (transfer full)
 */
char *va_given_name (const guint8 *data, gsize size);

G_END_DECLS
