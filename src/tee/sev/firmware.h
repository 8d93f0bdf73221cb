/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_FIRMWARE_MAX (16 * 1024 * 1024)

/** What the firmware's footer table says; an address of 0 means there is none. */
typedef struct {
  gsize size; /* of the whole image, bytes */
  gboolean has_table;
  guint32 secret_base, secret_size; /* guest-physical address, bytes */
  guint32 hashes_base, hashes_size;
  guint32 ap_reset; /* SEV-ES: where the other vCPUs begin; 0: no SEV-ES */
  guint16 machine;  /* of its first code, see va_firmware_sec_machine(); 0: not known */
} VaFirmware;

/**
 * va_firmware_parse: reads the footer table and the last volume of an OVMF image, or of its last VA_FIRMWARE_END
 * bytes. An image without a table is no error.
 * Errors: VA_SEV_ERROR_FORMAT (a table whose lengths do not fit, an empty or too large image)
 * Spec: SEV.md section 3
 */
gboolean va_firmware_parse (VaFirmware *firmware, gconstpointer image, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
