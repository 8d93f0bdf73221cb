/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "tee/sev/digest.h"
#include "tee/sev/error.h"
#include "tee/sev/firmware-image.h"
#include "tee/sev/kernel-image.h"

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

/* The first bytes of a regular file, as many as there are. */
static gsize
read_image_head (const char *path, guint8 *head, gsize size)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  gssize got = -1;

  if (fd < 0)
    return 0;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    got = read (fd, head, size);
  close (fd);
  return got > 0 ? (gsize) got : 0;
}

gboolean
va_loader_check_kernel (const char *path, GError **error)
{
  guint8 head[VA_KERNEL_HEAD];
  const char *problem = va_kernel_kind_problem (va_kernel_kind (head, read_image_head (path, head, sizeof head)));

  if (problem == NULL)
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, "%s: %s", path, problem);
  return FALSE;
}
