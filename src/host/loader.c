/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/loader.h"

#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "sev/digest.h"
#include "sev/firmware-image.h"

gboolean
va_loader_inspect (VaLoader *loader, const char *path, GError **error)
{
  g_autoptr(GBytes) image = path != NULL ? va_file_read (path, VA_FIRMWARE_MAX, NULL) : NULL;
  g_autofree char *hash = NULL;
  guint8 digest[VA_SHA256_SIZE];
  VaFirmware firmware;
  gconstpointer data;
  gsize size;

  *loader = (VaLoader){ 0 };
  if (image == NULL)
    return TRUE;
  data = g_bytes_get_data (image, &size);
  if (!va_firmware_read (&firmware, data, size, error))
    {
      g_prefix_error (error, _("the firmware %s: "), path);
      return FALSE;
    }
  va_sha256 (data, size, digest);
  hash = va_hex_encode (digest, sizeof digest);
  loader->read = TRUE;
  g_strlcpy (loader->hash, hash, sizeof loader->hash);
  loader->has_secret_area = firmware.secret_base != 0 && firmware.secret_size != 0;
  loader->has_hash_area = firmware.hashes_base != 0;
  loader->secret_address = loader->has_secret_area ? firmware.secret_base : 0;
  loader->secret_size = loader->has_secret_area ? firmware.secret_size : 0;
  return TRUE;
}
