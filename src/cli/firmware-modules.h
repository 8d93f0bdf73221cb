/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Whether a firmware has the module that gives an injected secret to the guest (OVMF's SecretDxe). */
typedef enum {
  VA_SECRET_MODULE_UNKNOWN, /* no compressed part that can be read */
  VA_SECRET_MODULE_MISSING,
  VA_SECRET_MODULE_FOUND,
} VaSecretModule;

/**
 * va_firmware_secret_module: looks for the module in the parts of an OVMF image that are compressed with LZMA. An area
 * for secrets in the footer is necessary, and this module too.
 * Without liblzma: VA_SECRET_MODULE_UNKNOWN.
 * @image: a whole image, @size bytes
 */
VaSecretModule va_firmware_secret_module (const guint8 *image, gsize size);

G_END_DECLS
