/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/file-mark.h"
#include "core/i18n.h"
#include "tee/sev/digest.h"
#include "tee/sev/error.h"
#include "tee/sev/firmware-image.h"
#include "tee/sev/kernel-image.h"

static gboolean
read_loader (VaLoader *loader, const char *path, GError **error)
{
  g_autoptr(GBytes) image = va_file_read (path, VA_FIRMWARE_MAX, NULL);
  g_autofree char *hash = NULL;
  guint8 digest[VA_SHA256_SIZE];
  VaFirmware firmware;
  gconstpointer data;
  gsize size;

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

/* Hashing a firmware takes milliseconds, and a host has few of them: what is known is kept for as long as the file's
   times say that it is the same. */
#define KNOWN_MAX 8

typedef struct {
  VaFileMark file;
  VaLoader loader;
} Known;

static GMutex known_lock;
static Known known[KNOWN_MAX];
static guint known_count; /* of all that were ever put in */

static gboolean
recall_loader (const VaFileMark *file, VaLoader *loader)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&known_lock);

  for (guint i = 0; i < MIN (known_count, KNOWN_MAX); i++)
    if (va_file_mark_is (&known[i].file, file))
      {
        *loader = known[i].loader;
        return TRUE;
      }
  return FALSE;
}

/* @before: what the file was before it was read. */
static void
remember_loader (const char *path, const VaFileMark *before, const VaLoader *loader)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&known_lock);
  VaFileMark after;

  if (va_file_mark_is_settled (before) && va_file_mark_take (&after, path) && va_file_mark_is (before, &after))
    known[known_count++ % KNOWN_MAX] = (Known){ *before, *loader };
}

gboolean
va_loader_inspect (VaLoader *loader, const char *path, GError **error)
{
  VaFileMark before;

  *loader = (VaLoader){ 0 };
  if (path == NULL || !va_file_mark_take (&before, path) || recall_loader (&before, loader))
    return TRUE;
  if (!read_loader (loader, path, error))
    return FALSE;
  if (loader->read)
    remember_loader (path, &before, loader);
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
