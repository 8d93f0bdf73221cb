/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/random.h"

#define PIECE_SIZE (64 * 1024)

static int
fd_close (int fd)
{
  return fd >= 0 ? close (fd) : 0;
}

static void
set_operation_error (GError **error, const char *what, const char *path)
{
  int number = errno;
  VaCoreError code = number == ENOENT                      ? VA_CORE_ERROR_NOT_FOUND
                     : number == EEXIST                    ? VA_CORE_ERROR_EXISTS
                     : number == EACCES || number == EPERM ? VA_CORE_ERROR_PERMISSION
                                                           : VA_CORE_ERROR_FAILED;

  g_set_error (error, VA_CORE_ERROR, code, "%s %s: %s", what, path, g_strerror (number));
}

/* Reads up to @max + 1 bytes, so that the caller sees when there were more than @max. */
static gboolean
read_up_to (int fd, guint8 *out, gsize max, gsize *got, GError **error)
{
  *got = 0;
  while (*got < max + 1)
    {
      ssize_t n = read (fd, out + *got, max + 1 - *got);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot read: %s"), g_strerror (errno));
          return FALSE;
        }
      if (n == 0)
        break;
      *got += (gsize) n;
    }
  if (*got <= max)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("larger than the limit of %zu bytes"), max);
  return FALSE;
}

/* Opens a regular file of at most @max bytes; the fd, or -1. */
static int
open_checked (const char *path, gsize max, struct stat *info, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

  if (fd < 0 || fstat (fd, info) != 0)
    {
      set_operation_error (error, _("cannot open"), path);
      fd_close (fd);
      return -1;
    }
  if (!S_ISREG (info->st_mode))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, _("%s is not a regular file"), path);
  else if (info->st_size < 0 || (guint64) info->st_size > max)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s has %" PRId64 " bytes, but at most %zu are accepted"),
                 path, (gint64) info->st_size, max);
  else
    return fd;
  close (fd);
  return -1;
}

GBytes *
va_file_read (const char *path, gsize max, GError **error)
{
  struct stat info;
  int fd = open_checked (path, max, &info, error);
  g_autofree guint8 *data = NULL;
  gsize limit, got;
  gboolean ok;

  if (fd < 0)
    return NULL;
  /* Files under /proc and /sys say they are empty. */
  limit = info.st_size > 0 ? (gsize) info.st_size : MIN (max, 65536);
  data = g_malloc (limit + 1);
  ok = read_up_to (fd, data, limit, &got, error);
  close (fd);
  if (!ok)
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), got);
}

gboolean
va_file_read_pieces (const char *path, gsize max, VaFilePiece take, gpointer user_data, GError **error)
{
  g_autofree guint8 *piece = NULL;
  struct stat info;
  int fd = open_checked (path, max, &info, error);
  gsize total = 0;
  ssize_t n = -1;

  if (fd < 0)
    return FALSE;
  piece = g_malloc (PIECE_SIZE);
  while (total <= max && ((n = read (fd, piece, PIECE_SIZE)) > 0 || (n < 0 && errno == EINTR)))
    if (n > 0 && (total += (gsize) n) <= max)
      take (piece, (gsize) n, user_data);
  if (n < 0)
    set_operation_error (error, _("cannot read"), path);
  else if (total > max)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s: larger than the limit of %zu bytes"), path, max);
  close (fd);
  return n >= 0 && total <= max;
}

char *
va_file_read_text (const char *path, gsize max, GError **error)
{
  g_autoptr(GBytes) bytes = va_file_read (path, max, error);
  gsize size;
  const char *data;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  if (size == 0)
    return g_strdup ("");
  if (g_utf8_validate_len (data, size, NULL))
    return g_strndup (data, size);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s is not UTF-8 text"), path);
  return NULL;
}

VaSecret *
va_fd_read_secret (int fd, gsize max, GError **error)
{
  g_autoptr(VaSecret) secret = va_secret_new (max + 1);
  gsize got;

  if (!read_up_to (fd, va_secret_data (secret), max, &got, error))
    return NULL;
  va_secret_truncate (secret, got);
  return g_steal_pointer (&secret);
}

VaSecret *
va_file_read_secret (const char *path, gsize max, GError **error)
{
  struct stat info;
  int fd = open_checked (path, max, &info, error);
  VaSecret *secret = NULL;

  if (fd < 0)
    return NULL;
  if ((info.st_mode & 077) != 0 || (info.st_uid != 0 && info.st_uid != geteuid ()))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("%s must not be accessible to group and others (chmod 0600) and must belong to root or to you; it "
                   "has mode %04o and owner %u"),
                 path, (unsigned) info.st_mode & 07777, (unsigned) info.st_uid);
  else
    secret = va_fd_read_secret (fd, (gsize) info.st_size, error);
  close (fd);
  return secret;
}

static gboolean
write_whole_file (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      ssize_t n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static gboolean
sync_folder_of (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  fd_close (fd);
  return ok;
}

/* Writes a new file beside @path; its name, or NULL. */
static char *
write_beside (const char *path, gconstpointer data, gsize size, int mode, GError **error)
{
  guint8 noise[8];
  g_autofree char *suffix = NULL, *beside = NULL;
  gboolean ok;
  int fd;

  va_random_fill (noise, sizeof noise);
  suffix = va_hex_encode (noise, sizeof noise);
  beside = g_strdup_printf ("%s.%s.new", path, suffix);
  fd = open (beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0600 ? 0600 : mode);
  if (fd < 0)
    {
      set_operation_error (error, _("cannot create"), path);
      return NULL;
    }
  ok = write_whole_file (fd, data, size) && fchmod (fd, (mode_t) mode) == 0 && fsync (fd) == 0;
  if (!ok)
    set_operation_error (error, _("cannot write"), path);
  if (close (fd) != 0 && ok)
    {
      set_operation_error (error, _("cannot write"), path);
      ok = FALSE;
    }
  if (ok)
    return g_steal_pointer (&beside);
  unlink (beside);
  return NULL;
}

gboolean
va_file_write (const char *path, gconstpointer data, gsize size, int mode, GError **error)
{
  g_autofree char *beside = write_beside (path, data, size, mode, error);

  if (beside == NULL)
    return FALSE;
  if (rename (beside, path) == 0 && sync_folder_of (path))
    return TRUE;
  set_operation_error (error, _("cannot write"), path);
  unlink (beside);
  return FALSE;
}

/* Gives the file beside its own name, unless a file has that already. */
static gboolean
put_in_place (const char *beside, const char *path, GError **error)
{
  if (link (beside, path) == 0)
    return TRUE;
  set_operation_error (error, _("cannot create"), path);
  return FALSE;
}

gboolean
va_files_create (const VaNewFile *files, guint n_files, GError **error)
{
  g_autofree char **beside = g_new0 (char *, n_files);
  guint written = 0, placed = 0;
  gboolean ok = TRUE;

  for (; ok && written < n_files; written += ok)
    {
      const VaNewFile *file = &files[written];

      beside[written] = write_beside (file->path, file->data, file->size, file->mode, error);
      ok = beside[written] != NULL;
    }
  for (; ok && placed < n_files; placed += ok)
    ok = put_in_place (beside[placed], files[placed].path, error);
  for (guint i = 0; ok && i < n_files; i++)
    if (!sync_folder_of (files[i].path))
      {
        set_operation_error (error, _("cannot create"), files[i].path);
        ok = FALSE;
      }
  for (guint i = 0; i < written; i++)
    {
      unlink (beside[i]);
      g_free (beside[i]);
    }
  for (guint i = 0; !ok && i < placed; i++)
    unlink (files[i].path);
  return ok;
}

gboolean
va_file_create (const char *path, gconstpointer data, gsize size, int mode, GError **error)
{
  return va_files_create (&(const VaNewFile){ path, data, size, mode }, 1, error);
}

/* One directory, with just this mode. */
static gboolean
make_one_folder (const char *path, int mode)
{
  int fd;
  gboolean ok;

  if (mkdir (path, (mode_t) (mode & 0700)) != 0)
    return errno == EEXIST && g_file_test (path, G_FILE_TEST_IS_DIR);
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  ok = fd >= 0 && fchmod (fd, (mode_t) mode) == 0;
  fd_close (fd);
  return ok;
}

gboolean
va_folder_make (const char *path, int mode, GError **error)
{
  g_autofree char *above = NULL;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS, _("%s is a file, not a directory"), path);
      return FALSE;
    }
  above = g_path_get_dirname (path);
  if (!g_str_equal (above, path) && !g_file_test (above, G_FILE_TEST_IS_DIR) && !va_folder_make (above, mode, error))
    return FALSE;
  if (make_one_folder (path, mode))
    return TRUE;
  set_operation_error (error, _("cannot create the directory"), path);
  return FALSE;
}

gboolean
va_folder_is_private (const char *path, GError **error)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    g_set_error (error, VA_CORE_ERROR, errno == ENOENT ? VA_CORE_ERROR_NOT_FOUND : VA_CORE_ERROR_FAILED, "%s: %s", path,
                 g_strerror (errno));
  else if (!S_ISDIR (info.st_mode))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, _("%s is not a directory"), path);
  else if ((info.st_uid != 0 && info.st_uid != geteuid ()) || (info.st_mode & 022) != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("%s must belong to root and must not be writable by others; it has mode %04o and owner %u"), path,
                 (unsigned) info.st_mode & 07777, (unsigned) info.st_uid);
  else
    return TRUE;
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

GPtrArray *
va_folder_names (const char *path, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) reason = NULL;
  g_autoptr(GDir) dir = g_dir_open (path, 0, &reason);
  const char *name;

  if (dir == NULL)
    {
      g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, reason->message);
      return NULL;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

void
va_file_look (const char *path, VaFileState *state)
{
  struct stat info;

  memset (state, 0, sizeof *state);
  if (path == NULL || stat (path, &info) != 0)
    return;
  state->seconds = info.st_mtim.tv_sec;
  state->nanoseconds = info.st_mtim.tv_nsec;
  state->inode = info.st_ino;
  state->size = (guint64) info.st_size;
}

gboolean
va_file_state_equal (const VaFileState *one, const VaFileState *other)
{
  return one->seconds == other->seconds && one->nanoseconds == other->nanoseconds && one->inode == other->inode
         && one->size == other->size;
}
