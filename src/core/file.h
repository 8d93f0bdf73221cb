/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "core/secret.h"

G_BEGIN_DECLS

/**
 * va_file_read: a whole regular file, opened first and then checked.
 * @max: most bytes it may have
 * Returns: (transfer full): its bytes, or %NULL with @error naming the file
 * Errors: VA_CORE_ERROR_NOT_FOUND, _PERMISSION (no regular file), _RANGE (larger than @max), _FAILED
 */
GBytes *va_file_read (const char *path, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** The next piece of a file, at least one byte. */
typedef void (*VaFilePiece) (const guint8 *piece, gsize size, gpointer user_data);
/** va_file_read_pieces: a whole regular file, without holding it. Errors: as va_file_read() */
gboolean va_file_read_pieces (const char *path, gsize max, VaFilePiece take, gpointer user_data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_file_read_text: the same as a string; a zero byte or text that is not UTF-8 is VA_CORE_ERROR_PARSE. */
char *va_file_read_text (const char *path, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_file_read_secret: the same into secret memory; the file must belong to root or to this process's user
 * and be closed to group and others, else VA_CORE_ERROR_PERMISSION.
 */
VaSecret *va_file_read_secret (const char *path, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_fd_read_secret: everything up to the end of @fd (a pipe or standard input too), at most @max bytes. */
VaSecret *va_fd_read_secret (int fd, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_file_write: replaces @path in one step (new file, fsync, rename, fsync of the folder).
 * @mode: permission bits of the new file, set at its creation
 */
gboolean va_file_write (const char *path, gconstpointer data, gsize size, int mode, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_file_create: the same, but a file that is there already is VA_CORE_ERROR_EXISTS and stays as it is. */
gboolean va_file_create (const char *path, gconstpointer data, gsize size, int mode, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** One of several files that belong together. */
typedef struct {
  const char *path;
  gconstpointer data;
  gsize size;
  int mode; /* permission bits, whatever the umask */
} VaNewFile;
/**
 * va_files_create: all of them, or none: everything is written under other names and on disk before the first gets its
 * own.
 * Errors: as va_file_create(); VA_CORE_ERROR_EXISTS if one of them exists, which stays as it is
 */
gboolean va_files_create (const VaNewFile *files, guint n_files, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** By which a changed file is known; all zeros when there is none. */
typedef struct {
  gint64 seconds, nanoseconds;
  guint64 inode, size;
} VaFileState;
/** va_file_look: @path: (nullable). */
void va_file_look (const char *path, VaFileState *state);
/** va_file_state_equal: whether nothing has changed in between. */
gboolean va_file_state_equal (const VaFileState *one, const VaFileState *other);
/**
 * va_folder_names: what is in the folder @path, sorted by name.
 * Returns: (transfer full): of char *
 * Errors: VA_CORE_ERROR_NOT_FOUND
 */
GPtrArray *va_folder_names (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_folder_make: the directory @path and its parents; what exists must be a directory, and keeps its mode.
 * @mode: of the new ones, whatever the umask
 */
gboolean va_folder_make (const char *path, int mode, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_folder_is_private: whether @path is a folder, and no link to one, that only root or this process's user can
 * change.
 * Errors: VA_CORE_ERROR_NOT_FOUND, _PERMISSION, _FAILED
 */
gboolean va_folder_is_private (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
