/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/qemu-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tee/sev/firmware-error.h"

#define TAIL_MAX 65536

/* Returns: a descriptor of a regular file; -1 with errno. No link is followed, and no pipe is waited for. */
static int
open_log (const char *directory, const char *domain, struct stat *status)
{
  g_autofree char *name = g_strconcat (domain, ".log", NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  int fd;

  if (strchr (domain, '/') != NULL)
    {
      errno = EINVAL;
      return -1;
    }
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || (fstat (fd, status) == 0 && S_ISREG (status->st_mode)))
    return fd;
  close (fd);
  errno = EINVAL;
  return -1;
}

VaQemuLogMark
va_qemu_log_mark (const char *directory, const char *domain)
{
  VaQemuLogMark mark = { 0 };
  struct stat status;
  int fd = open_log (directory, domain, &status);

  mark.known = fd >= 0 || errno == ENOENT;
  if (fd < 0)
    return mark;
  mark.device = status.st_dev;
  mark.inode = status.st_ino;
  mark.size = status.st_size;
  close (fd);
  return mark;
}

int
va_qemu_log_firmware_error (const char *directory, const char *domain, const VaQemuLogMark *mark)
{
  g_autofree char *text = g_malloc (TAIL_MAX);
  struct stat status;
  goffset from = 0;
  gssize size;
  int fd = mark->known ? open_log (directory, domain, &status) : -1;

  if (fd < 0)
    return VA_FIRMWARE_ERROR_NONE;
  if (status.st_dev == mark->device && status.st_ino == mark->inode && status.st_size >= mark->size)
    from = mark->size;
  size = pread (fd, text, TAIL_MAX, MAX (from, status.st_size - TAIL_MAX));
  close (fd);
  return size > 0 ? va_firmware_error_find (text, (gsize) size) : VA_FIRMWARE_ERROR_NONE;
}
