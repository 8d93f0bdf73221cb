/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/discard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/random.h"

#define ENTRIES_AT_ONCE 4096 /* that one call removes */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static char *
new_name (void)
{
  guint8 noise[16];

  va_random_fill (noise, sizeof noise);
  return va_hex_encode (noise, sizeof noise);
}

static int
open_bin (const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, "discarded", NULL);
  gboolean made = mkdir (path, 0700) == 0;
  int fd = made || errno == EEXIST ? open (path, FOLDER_FLAGS) : -1;
  struct stat info;

  if (fd >= 0 && fstat (fd, &info) == 0 && (info.st_uid == 0 || info.st_uid == geteuid ()) && (info.st_mode & 077) == 0)
    return fd;
  if (fd >= 0)
    {
      close (fd);
      errno = EPERM;
    }
  return -1;
}

/* Whoever still has the folder open must not go on filling it. Without the right to do this it takes more calls. */
static void
close_to_others (int folder)
{
  if (fchown (folder, geteuid (), (gid_t) -1) != 0 || fchmod (folder, 0700) != 0)
    errno = 0;
}

/* Empties the folder @name of @bin: files are removed, folders go into @bin itself, so that depth does not matter. */
static void
empty_folder (int bin, const char *name, guint *left)
{
  int fd = openat (bin, name, FOLDER_FLAGS);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (folder == NULL)
    {
      if (fd >= 0)
        close (fd);
      return;
    }
  close_to_others (fd);
  while (*left > 0 && (entry = readdir (folder)) != NULL)
    {
      g_autofree char *other = NULL;

      if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, ".."))
        continue;
      --*left;
      if (unlinkat (fd, entry->d_name, 0) == 0)
        continue;
      other = new_name ();
      if (renameat (fd, entry->d_name, bin, other) != 0)
        break;
    }
  closedir (folder);
}

static void
remove_one (int bin, const char *name, guint *left)
{
  --*left;
  if (unlinkat (bin, name, 0) == 0 || unlinkat (bin, name, AT_REMOVEDIR) == 0 || *left == 0)
    return;
  empty_folder (bin, name, left);
  unlinkat (bin, name, AT_REMOVEDIR);
}

/* One pass over @bin. Returns: whether there was anything in it */
static gboolean
remove_some_files (int bin, guint *left)
{
  int fd = openat (bin, ".", FOLDER_FLAGS);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;
  gboolean any = FALSE;

  if (folder == NULL && fd >= 0)
    close (fd);
  while (folder != NULL && *left > 0 && (entry = readdir (folder)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      {
        any = TRUE;
        remove_one (bin, entry->d_name, left);
      }
  if (folder != NULL)
    closedir (folder);
  return any;
}

static void
remove_up_to (int bin, guint left)
{
  while (left > 0 && remove_some_files (bin, &left))
    ;
}

gboolean
va_discard (const char *run_dir, int parent, const char *name, GError **error)
{
  g_autofree char *other = new_name ();
  struct stat info;
  int bin;

  /* As a rule there is nothing, and then no place for it is made either. */
  if (fstatat (parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    return TRUE;
  bin = open_bin (run_dir);
  if (bin < 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "%s/discarded: %s", run_dir, g_strerror (errno));
  else if (renameat (parent, name, bin, other) != 0 && errno != ENOENT)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot be moved away: %s"), g_strerror (errno));
  else
    {
      remove_up_to (bin, ENTRIES_AT_ONCE);
      close (bin);
      return TRUE;
    }
  if (bin >= 0)
    close (bin);
  return FALSE;
}

void
va_discard_rest (const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, "discarded", NULL);
  int bin = open (path, FOLDER_FLAGS);

  if (bin < 0)
    return;
  remove_up_to (bin, ENTRIES_AT_ONCE);
  close (bin);
}
