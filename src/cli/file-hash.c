/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "file-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (256 * 1024)

static gboolean
hash_fd (int fd, struct sha256_ctx *sum)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  gssize got;

  while ((got = read (fd, piece, PIECE)) != 0)
    {
      if (got > 0)
        sha256_update (sum, (size_t) got, piece);
      else if (errno != EINTR)
        return FALSE;
    }
  return TRUE;
}

char *
va_file_hash (const char *path, GError **error)
{
  guint8 hash[SHA256_DIGEST_SIZE];
  struct sha256_ctx sum;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean ok;

  sha256_init (&sum);
  ok = fd >= 0 && hash_fd (fd, &sum);

  if (!ok)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot read %s: %s"), path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  sha256_digest (&sum, sizeof hash, hash);
  return ok ? va_hex_encode (hash, sizeof hash) : NULL;
}
