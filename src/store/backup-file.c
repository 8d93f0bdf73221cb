/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/backup-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (256 * 1024)
#define MIB (1024 * 1024)
#define STORE_SIZES 2 /* one transaction: everything is in SQLite's write-ahead log, and then in the store as well */

static gboolean
fail_backup_file (GError **error, int code)
{
  g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, g_strerror (code));
  return FALSE;
}

/* The directory that @path is in or, where there is none yet, that it is going to be made in. */
static char *
find_folder (const char *path)
{
  char *folder = g_path_get_dirname (path);

  while (!g_file_test (folder, G_FILE_TEST_IS_DIR) && !g_str_equal (folder, "/") && !g_str_equal (folder, "."))
    {
      char *parent = g_path_get_dirname (folder);

      g_free (folder);
      folder = parent;
    }
  return folder;
}

static guint64
in_mib (guint64 bytes)
{
  return bytes / MIB + (bytes % MIB > 0);
}

/* Where that cannot be told, writing tells. */
static gboolean
check_room (const char *folder, guint64 size, guint64 sizes, guint64 reserve, const char *cure, GError **error)
{
  struct statvfs info;
  guint64 room;

  if (statvfs (folder, &info) != 0)
    return TRUE;
  room = (guint64) info.f_bavail * info.f_frsize;
  room -= MIN (room, reserve);
  if (size <= room / sizes)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
               _("it has %" PRIu64 " MiB; restoring it requires %" PRIu64 " MiB on the file system of %s, "
                 "but only %" PRIu64 " MiB are free beyond “reserve-mib”: %s"),
               in_mib (size), in_mib (size) * sizes, folder, room / MIB, cure);
  return FALSE;
}

static gboolean
on_one_file_system (const char *one, const char *other)
{
  struct stat info, other_info;

  return stat (one, &info) == 0 && stat (other, &other_info) == 0 && info.st_dev == other_info.st_dev;
}

/* The copy is there until the store is whole. */
static gboolean
check_rooms (guint64 size, const char *place, guint64 reserve, GError **error)
{
  const char *folder = g_get_tmp_dir ();
  g_autofree char *store = g_path_is_absolute (place) ? find_folder (place) : NULL;
  gboolean together = store != NULL && on_one_file_system (folder, store);

  return check_room (folder, size, together ? 1 + STORE_SIZES : 1, reserve,
                     _("free space there, or set TMPDIR to a directory on a larger one"), error)
         && (store == NULL || together
             || check_room (store, size, STORE_SIZES, reserve, _("free space there, or put the store on a larger one"),
                            error));
}

static gboolean
write_whole (int fd, const guint8 *data, gsize size, GError **error)
{
  while (size > 0)
    {
      ssize_t n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return fail_backup_file (error, n < 0 ? errno : EIO);
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* Some files say that they are empty and never end; others are written to just now. */
static gboolean
copy_bytes (int from, int to, guint64 size, GError **error)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  guint64 done = 0;
  ssize_t n;

  while ((n = read (from, piece, PIECE)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail_backup_file (error, errno);
      done += (guint64) n;
      if (done > size)
        break;
      if (!write_whole (to, piece, (gsize) n, error))
        return FALSE;
    }
  if (done == size)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
               _("it had %" PRIu64 " bytes when it was opened, but a different number was read: expected a file from "
                 "“virt-attest service backup” that is not being written"),
               size);
  return FALSE;
}

static gboolean
copy_open (int from, const char *copy, const char *place, guint64 reserve, GError **error)
{
  struct stat info;
  gboolean ok;
  int to;

  if (fstat (from, &info) != 0)
    return fail_backup_file (error, errno);
  if (!S_ISREG (info.st_mode))
    {
      g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                           _("it is not a regular file: expected what “virt-attest service backup” writes"));
      return FALSE;
    }
  if (!check_rooms ((guint64) info.st_size, place, reserve, error))
    return FALSE;
  to = g_open (copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (to < 0)
    return fail_backup_file (error, errno);
  ok = copy_bytes (from, to, (guint64) info.st_size, error);
  return (close (to) == 0 || !ok || fail_backup_file (error, errno)) && ok;
}

gboolean
va_store_backup_file_copy (const char *path, const char *copy, const char *place, guint64 reserve, GError **error)
{
  /* A FIFO's open might never end. */
  int from = g_open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  gboolean ok = from >= 0 ? copy_open (from, copy, place, reserve, error) : fail_backup_file (error, errno);

  if (from >= 0)
    close (from);
  return ok;
}
