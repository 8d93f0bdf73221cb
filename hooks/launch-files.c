/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "launch-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/discard.h"
#include "core/error.h"
#include "core/i18n.h"

/* libvirt cuts a domain's name to so many characters in the name of its folder. */
#define SHORT_NAME_MAX 20

static void
fd_clear (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}
typedef int Fd;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fd, fd_clear)

static gboolean
set_path_error (GError **error, VaCoreError code, const char *path)
{
  g_set_error (error, VA_CORE_ERROR, code, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

/* Folders of @lib_dir whose names begin with @prefix. */
static GPtrArray *
list_folders (const char *lib_dir, const char *prefix, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) folder = g_dir_open (lib_dir, 0, NULL);
  const char *name;

  if (folder == NULL)
    {
      set_path_error (error, VA_CORE_ERROR_NOT_FOUND, lib_dir);
      return NULL;
    }
  while ((name = g_dir_read_name (folder)) != NULL)
    if (g_str_has_prefix (name, prefix))
      g_ptr_array_add (names, g_strdup (name));
  return g_steal_pointer (&names);
}

/* The part of a domain's name that is in the name of its folder. */
static char *
short_name (const char *name)
{
  if (!g_utf8_validate (name, -1, NULL))
    return g_strdup (name);
  return g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), SHORT_NAME_MAX));
}

/* The domain's folder. One that a crash left behind may have the same id, so the name decides where there are two. */
static char *
find_launch_folder (const char *lib_dir, guint id, const char *name, GError **error)
{
  g_autofree char *prefix = g_strdup_printf ("domain-%u-", id);
  g_autofree char *cut = short_name (name);
  g_autofree char *expected = g_strconcat (prefix, cut, NULL);
  g_autoptr(GPtrArray) names = list_folders (lib_dir, prefix, error);
  const char *found = NULL;

  if (names == NULL)
    return NULL;
  if (names->len == 1)
    found = g_ptr_array_index (names, 0);
  for (guint i = 0; i < names->len && found == NULL; i++)
    if (g_str_equal (g_ptr_array_index (names, i), expected))
      found = g_ptr_array_index (names, i);
  if (found != NULL)
    return g_build_filename (lib_dir, found, NULL);
  if (names->len == 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
                 _("libvirt created no directory %s/%s* for this start; check libvirt-lib-dir in %s"), lib_dir, prefix,
                 VA_SYSCONFDIR "/hook.conf");
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS,
                 _("there are several directories %s/%s*, but none is %s: remove those that earlier starts left "
                   "behind"),
                 lib_dir, prefix, expected);
  return NULL;
}

static int
open_launch_file (int folder, const char *name, struct stat *info, GError **error)
{
  g_auto(Fd) fd = openat (folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
                 _("the domain has no placeholder for %s: run “virt-attest domain prepare” on its XML"), name);
  else if (fd < 0)
    set_path_error (error, VA_CORE_ERROR_PERMISSION, name);
  else if (fstat (fd, info) != 0 || !S_ISREG (info->st_mode) || info->st_nlink != 1)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, _("%s is not a regular file, or has hard links"),
                 name);
  else
    {
      int open_fd = fd;

      fd = -1;
      return open_fd;
    }
  return -1;
}

/* libvirt's own folder of the domain, open, and its path; -1 with @error. */
static int
open_launch_folder (const char *lib_dir, guint id, const char *name, char **path, GError **error)
{
  int folder;

  *path = find_launch_folder (lib_dir, id, name, error);
  if (*path == NULL)
    return -1;
  folder = open (*path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    set_path_error (error, VA_CORE_ERROR_PERMISSION, *path);
  return folder;
}

/* A new, empty file with the owner and group of its folder, which @info gets. */
static int
create_launch_file (int folder, const char *name, struct stat *info, GError **error)
{
  int fd = -1;

  if (fstat (folder, info) == 0 && (unlinkat (folder, name, 0) == 0 || errno == ENOENT))
    fd = openat (folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd >= 0 && fchmod (fd, 0600) == 0 && fchown (fd, info->st_uid, info->st_gid) == 0)
    return fd;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, _("cannot create %s: %s"), name, g_strerror (errno));
  fd_clear (&fd);
  return -1;
}

/* Gives an open file of @folder, and in @info whom it belongs to; -1 with @error. */
typedef int (*TakeLaunchFile) (int folder, const char *name, struct stat *info, GError **error);

static gboolean
take_launch_files (VaLaunchFiles *files, const char *lib_dir, guint id, const char *name, TakeLaunchFile take,
                   GError **error)
{
  g_autofree char *path = NULL;
  g_auto(Fd) folder = open_launch_folder (lib_dir, id, name, &path, error);
  struct stat session, owner_cert;

  if (folder < 0)
    return FALSE;
  files->session = take (folder, "session.base64", &session, error);
  if (files->session >= 0)
    files->owner_cert = take (folder, "dh_cert.base64", &owner_cert, error);
  if (files->owner_cert < 0)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  files->uid = session.st_uid;
  files->gid = session.st_gid;
  return TRUE;
}

gboolean
va_launch_files_open (VaLaunchFiles *files, const char *lib_dir, guint id, const char *name, GError **error)
{
  return take_launch_files (files, lib_dir, id, name, open_launch_file, error);
}

gboolean
va_launch_files_create (VaLaunchFiles *files, const char *lib_dir, guint id, const char *name, GError **error)
{
  return take_launch_files (files, lib_dir, id, name, create_launch_file, error);
}

static gboolean
replace_content (int fd, const char *text, const char *name, GError **error)
{
  gsize size = strlen (text);

  if (ftruncate (fd, 0) == 0 && pwrite (fd, text, size, 0) == (ssize_t) size)
    return TRUE;
  return set_path_error (error, VA_CORE_ERROR_FAILED, name);
}

gboolean
va_launch_files_write (VaLaunchFiles *files, const char *session, const char *owner_cert, GError **error)
{
  return replace_content (files->session, session, "session.base64", error)
         && replace_content (files->owner_cert, owner_cert, "dh_cert.base64", error);
}

void
va_launch_files_close (VaLaunchFiles *files)
{
  fd_clear (&files->session);
  fd_clear (&files->owner_cert);
}

/* Opens folder @path, whose last part is @name, in @parent and makes it first if need be; it must be root's or this
   user's. */
static int
enter_folder (int parent, const char *name, const char *path, GError **error)
{
  g_auto(Fd) fd = -1;
  gboolean made = mkdirat (parent, name, 0700) == 0;
  struct stat info;

  if (made || errno == EEXIST)
    fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &info) != 0 || (made && fchmod (fd, 0711) != 0))
    set_path_error (error, VA_CORE_ERROR_FAILED, path);
  else if (info.st_uid != 0 && info.st_uid != geteuid ())
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("the directory %s belongs to user %u but must belong to root: chown it, or remove it"), path,
                 (unsigned) info.st_uid);
  else
    {
      int open_fd = fd;

      fd = -1;
      return open_fd;
    }
  return -1;
}

static gboolean
make_fresh (int parent, const char *name, uid_t uid, gid_t gid)
{
  g_auto(Fd) fd =
    mkdirat (parent, name, 0700) == 0 ? openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

  return fd >= 0 && fchmod (fd, 0700) == 0 && fchown (fd, uid, gid) == 0;
}

gboolean
va_monitor_folder_make (const char *monitor, uid_t uid, gid_t gid, GError **error)
{
  g_autofree char *path = g_path_get_dirname (monitor), *name = g_path_get_basename (path);
  g_auto(Fd) run = enter_folder (AT_FDCWD, VA_RUNDIR, VA_RUNDIR, error);
  g_auto(Fd) monitors = run >= 0 ? enter_folder (run, "qmp", VA_RUNDIR "/qmp", error) : -1;

  if (monitors < 0)
    return FALSE;
  if (!va_discard (VA_RUNDIR, monitors, name, error))
    {
      g_prefix_error (error, _("cannot remove %s, which an earlier start left behind; remove it by hand: "), path);
      return FALSE;
    }
  if (make_fresh (monitors, name, uid, gid))
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot create the second monitor's directory %s: %s"),
               path, g_strerror (errno));
  return FALSE;
}
