/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/output-file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/error.h"
#include "core/i18n.h"

/* Whether there is a regular file at the end of @path; @mode: its permissions. Anything else that is there is an
   error. */
static gboolean
find_old (const char *path, int *mode, gboolean *exists, GError **error)
{
  struct stat info;

  *exists = lstat (path, &info) == 0;
  if (!*exists)
    return TRUE;
  if (stat (path, &info) != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("%s is a symbolic link whose target cannot be examined: %s"), path, g_strerror (errno));
  else if (!S_ISREG (info.st_mode))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("%s is not a regular file, so it is not replaced: name another file"), path);
  else
    {
      *mode = (int) (info.st_mode & 0777);
      return TRUE;
    }
  return FALSE;
}

static gboolean
file_is_same (const VaNewFile *file)
{
  g_autoptr(GBytes) old = file->data != NULL ? va_file_read (file->path, file->size, NULL) : NULL;

  return old != NULL && g_bytes_get_size (old) == file->size
         && (file->size == 0 || memcmp (g_bytes_get_data (old, NULL), file->data, file->size) == 0);
}

static gboolean
check_output_path (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (path[0] != '\0' && g_file_test (folder, G_FILE_TEST_IS_DIR))
    return TRUE;
  if (path[0] == '\0')
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("the name of the file to write is empty"));
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("cannot write %s: the directory %s does not exist"),
                 path, folder);
  return FALSE;
}

static gboolean
check_one (const VaNewFile *file, gboolean force, GError **error)
{
  gboolean exists;
  int mode;

  if (!check_output_path (file->path, error) || !find_old (file->path, &mode, &exists, error))
    return FALSE;
  if (!exists || force || file_is_same (file))
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS,
               _("%s already exists and was not changed: name another file, or replace it with --force"), file->path);
  return FALSE;
}

gboolean
va_output_check (const VaNewFile *files, guint n_files, gboolean force, GError **error)
{
  for (guint i = 0; i < n_files; i++)
    if (!check_one (&files[i], force, error))
      return FALSE;
  return TRUE;
}

static gboolean
replace_file (const VaNewFile *file, GError **error)
{
  g_autofree char *target = NULL;
  int mode = file->mode;
  gboolean exists;
  char *real;

  if (!find_old (file->path, &mode, &exists, error))
    return FALSE;
  real = exists ? realpath (file->path, NULL) : NULL;
  target = g_strdup (real != NULL ? real : file->path);
  free (real);
  return va_file_write (target, file->data, file->size, mode, error);
}

gboolean
va_output_write (const VaNewFile *files, guint n_files, gboolean force, GError **error)
{
  g_autofree VaNewFile *fresh = g_new0 (VaNewFile, n_files);
  guint n_fresh = 0;

  if (!va_output_check (files, n_files, force, error))
    return FALSE;
  for (guint i = 0; i < n_files; i++)
    if (!file_is_same (&files[i]))
      fresh[n_fresh++] = files[i];
  for (guint i = 0; force && i < n_fresh; i++)
    if (!replace_file (&fresh[i], error))
      return FALSE;
  return force || n_fresh == 0 || va_files_create (fresh, n_fresh, error);
}
