/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "file-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (256 * 1024)

static gboolean
hash_fd (int fd, GChecksum *sum)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  gssize got;

  while ((got = read (fd, piece, PIECE)) != 0)
    {
      if (got > 0)
        g_checksum_update (sum, piece, got);
      else if (errno != EINTR)
        return FALSE;
    }
  return TRUE;
}

char *
va_file_hash (const char *path, GError **error)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean ok = fd >= 0 && hash_fd (fd, sum);

  if (!ok)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot read %s: %s"), path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return ok ? g_strdup (g_checksum_get_string (sum)) : NULL;
}
