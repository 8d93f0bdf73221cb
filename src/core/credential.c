/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

/* systemd's own limit for a credential's name is that of a file's */
#define NAME_SIZE_MAX 255
#define CLOSED_BITS 0037

/* The folder of this process's credentials; %NULL if it was started without. */
static const char *
credentials_folder (void)
{
  const char *path = g_getenv ("CREDENTIALS_DIRECTORY");

  return path != NULL && g_path_is_absolute (path) ? path : NULL;
}

static gboolean
is_file_name (const char *name)
{
  return name[0] != '\0' && strlen (name) <= NAME_SIZE_MAX && strchr (name, '/') == NULL && strcmp (name, ".") != 0
         && strcmp (name, "..") != 0;
}

static gboolean
check_credential (int fd, const char *path, gsize max, GError **error)
{
  struct stat info;

  if (fd < 0 || fstat (fd, &info) != 0)
    {
      g_set_error (error, VA_CORE_ERROR, errno == ENOENT ? VA_CORE_ERROR_NOT_FOUND : VA_CORE_ERROR_FAILED,
                   _("cannot open %s: %s (a unit passes credentials with LoadCredential= or LoadCredentialEncrypted=)"),
                   path, g_strerror (errno));
      return FALSE;
    }
  if (!S_ISREG (info.st_mode))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, _("%s is not a regular file"), path);
  else if ((info.st_mode & CLOSED_BITS) != 0 || (info.st_uid != 0 && info.st_uid != geteuid ()))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("%s must not be accessible to others and must belong to root or to you; it has mode %04o and owner "
                   "%u"),
                 path, (unsigned) info.st_mode & 07777, (unsigned) info.st_uid);
  else if (info.st_size < 0 || (guint64) info.st_size > max)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s has %" PRId64 " bytes, but at most %zu are accepted"),
                 path, (gint64) info.st_size, max);
  else
    return TRUE;
  return FALSE;
}

VaSecret *
va_credential_read (const char *name, gsize max, GError **error)
{
  g_autofree char *path = NULL;
  VaSecret *secret = NULL;
  int fd;

  if (!is_file_name (name))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("“%s” is not a credential's name: expected a file name without a directory"), name);
      return NULL;
    }
  if (credentials_folder () == NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
                   _("there are no credentials: $CREDENTIALS_DIRECTORY is not set, which systemd sets for a unit with "
                     "LoadCredential= or LoadCredentialEncrypted="));
      return NULL;
    }
  path = g_build_filename (credentials_folder (), name, NULL);
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
  if (check_credential (fd, path, max, error))
    secret = va_fd_read_secret (fd, max, error);
  if (fd >= 0)
    close (fd);
  return secret;
}

const char *
va_credential_name (const char *path)
{
  gsize length = credentials_folder () != NULL ? strlen (credentials_folder ()) : 0;

  if (length == 0 || strncmp (path, credentials_folder (), length) != 0 || path[length] != '/'
      || !is_file_name (path + length + 1))
    return NULL;
  return path + length + 1;
}
