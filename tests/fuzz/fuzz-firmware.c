/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fuzz.h"
#include "tee/sev/error.h"
#include "tee/sev/firmware-image.h"

static void
check_area (guint32 base, guint32 size)
{
  g_assert_true (base != 0 || size == 0);
  g_assert_cmpuint ((guint64) base + size, <=, G_MAXUINT32);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  VaFirmware firmware;

  if (!va_firmware_read (&firmware, data, size, &error))
    {
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_clear_error (&error);
    }
  if (!va_firmware_parse (&firmware, data, size, &error))
    {
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      g_assert_cmpuint (firmware.size, ==, 0);
      return 0;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (firmware.size, ==, size);
  check_area (firmware.secret_base, firmware.secret_size);
  check_area (firmware.hashes_base, firmware.hashes_size);
  if (!firmware.has_table)
    g_assert_true (firmware.secret_base == 0 && firmware.hashes_base == 0 && firmware.ap_reset == 0);
  return 0;
}
