/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/sqlite-reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PIECE (256 * 1024)
#define FREE_PART 32 /* of what is free: not more than this part of it */

static gboolean
has_room (int fd, off_t bytes)
{
  struct statvfs disk;

  return fstatvfs (fd, &disk) == 0 && (guint64) bytes <= (guint64) disk.f_bavail * disk.f_frsize / FREE_PART;
}

static gboolean
write_zeros (int fd, off_t from, off_t to)
{
  g_autofree guint8 *zeros = g_malloc0 (PIECE);

  while (from < to)
    {
      ssize_t written = pwrite (fd, zeros, (size_t) MIN (to - from, PIECE), from);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return FALSE;
      from += written;
    }
  return fdatasync (fd) == 0;
}

/* Written, not only allocated: the first write into what is only allocated costs as much as one that appends. */
void
va_db_sqlite_reserve (sqlite3 *db, sqlite3_int64 bytes)
{
  g_autofree char *path = g_strconcat (sqlite3_db_filename (db, "main"), "-wal", NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  struct stat info;

  if (fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size < bytes
      && has_room (fd, (off_t) bytes - info.st_size) && !write_zeros (fd, info.st_size, (off_t) bytes)
      && ftruncate (fd, info.st_size) != 0)
    g_debug ("what was written of %s stays", path);
  if (fd >= 0)
    close (fd);
}
