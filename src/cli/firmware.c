/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "firmware.h"

#include "core/encoding.h"
#include "core/file.h"
#include "sev/digest.h"

VaFirmwareFile *
va_firmware_file_read (const char *path, GError **error)
{
  g_autoptr(VaFirmwareFile) file = g_new0 (VaFirmwareFile, 1);

  file->path = g_strdup (path);
  file->image = va_file_read (path, VA_FIRMWARE_MAX, error);
  if (file->image == NULL)
    return NULL;
  if (!va_firmware_parse (&file->footer, g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image), error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  return g_steal_pointer (&file);
}

char *
va_firmware_file_hash (const VaFirmwareFile *file)
{
  guint8 hash[VA_SHA256_SIZE];

  va_sha256 (g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image), hash);
  return va_hex_encode (hash, sizeof hash);
}

void
va_firmware_file_free (VaFirmwareFile *file)
{
  g_free (file->path);
  g_clear_pointer (&file->image, g_bytes_unref);
  g_free (file);
}
