/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/firmware.h"

G_BEGIN_DECLS

/**
 * va_firmware_parse: reads the footer table and the last volume of an OVMF image, or of its last VA_FIRMWARE_END
 * bytes. An image without a table is not an error.
 * Errors: VA_SEV_ERROR_FORMAT (a table whose lengths do not fit, an empty or too large image)
 * Spec: docs/SEV.md section 3
 */
gboolean va_firmware_parse (VaFirmware *firmware, gconstpointer image, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
