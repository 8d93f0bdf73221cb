/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/loader.h"

#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "sev/digest.h"
#include "sev/error.h"

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
  if (!va_firmware_parse (&firmware, data, size, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  if (firmware.secret_base == 0 || firmware.secret_size == 0)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE,
                   _("the firmware %s has no secret area: use a build of OVMF that has one (AmdSev)"), path);
      return FALSE;
    }
  va_sha256 (data, size, digest);
  hash = va_hex_encode (digest, sizeof digest);
  loader->read = TRUE;
  g_strlcpy (loader->hash, hash, sizeof loader->hash);
  loader->secret_address = firmware.secret_base;
  loader->secret_size = firmware.secret_size;
  return TRUE;
}
