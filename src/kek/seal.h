/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"

G_BEGIN_DECLS

#define VA_SEAL_KEY_SIZE 32
#define VA_SEAL_OVERHEAD 29 /* version[1] and nonce[12] before, tag[16] behind */

typedef enum {
  VA_SEAL_ERROR_BROKEN, /* a sealed value does not open: another key, another place, or changed */
} VaSealError;

#define VA_SEAL_ERROR (va_seal_error_quark ())
GQuark va_seal_error_quark (void);

/** What a sealed value belongs to. It is authenticated, so that a value opens in its own place only. */
typedef struct {
  const char *table, *row, *purpose;
} VaSealLabel;

/**
 * va_seal_label_bytes: what is authenticated for @label: a fixed word and the label's parts, each ended by a zero
 * byte, so that none runs into another. Other things that are bound to a place are bound to it in this form too
 * (kek.h).
 * Returns: (transfer full)
 */
GBytes *va_seal_label_bytes (const VaSealLabel *label) G_GNUC_WARN_UNUSED_RESULT;

/** VaSeal: AES-256-GCM under one key, a random nonce for each value. May be used from several threads. */
typedef struct _VaSeal VaSeal;

/**
 * va_seal_new: @key: VA_SEAL_KEY_SIZE bytes; borrowed, the seal keeps a key schedule of its own.
 * Errors: VA_SEAL_ERROR_BROKEN (a key of another size)
 */
VaSeal *va_seal_new (VaSecret *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_seal_close: @value in sealed form, VA_SEAL_OVERHEAD bytes longer. Returns: (transfer full). */
GBytes *va_seal_close (VaSeal *seal, const VaSealLabel *label, VaSecret *value);
/**
 * va_seal_open: the value again.
 * Errors: VA_SEAL_ERROR_BROKEN, naming the place: not sealed for it, not under this key, or changed since
 */
VaSecret *va_seal_open (VaSeal *seal, const VaSealLabel *label, GBytes *sealed, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
void va_seal_free (VaSeal *seal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaSeal, va_seal_free)

G_END_DECLS
