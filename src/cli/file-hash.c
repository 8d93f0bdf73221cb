/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/file-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (256 * 1024)

/* @head: (nullable): gets the first VA_KERNEL_HEAD bytes: a pipe can be read once only */
static gboolean
hash_fd (int fd, struct sha256_ctx *sum, GByteArray *head)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  gssize got;

  while ((got = read (fd, piece, PIECE)) != 0)
    {
      if (got > 0)
        sha256_update (sum, (size_t) got, piece);
      else if (errno != EINTR)
        return FALSE;
      if (got > 0 && head != NULL)
        g_byte_array_append (head, piece, MIN ((guint) got, VA_KERNEL_HEAD - head->len));
    }
  return TRUE;
}

static char *
hash_file (const char *path, GByteArray *head, GError **error)
{
  guint8 hash[SHA256_DIGEST_SIZE];
  struct sha256_ctx sum;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean ok;

  sha256_init (&sum);
  ok = fd >= 0 && hash_fd (fd, &sum, head);

  if (!ok)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot read %s: %s"), path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  sha256_digest (&sum, sizeof hash, hash);
  return ok ? va_hex_encode (hash, sizeof hash) : NULL;
}

char *
va_file_hash (const char *path, GError **error)
{
  return hash_file (path, NULL, error);
}

char *
va_kernel_file_hash (const char *path, VaKernelKind *kind, GError **error)
{
  g_autoptr(GByteArray) head = g_byte_array_new ();
  g_autofree char *hash = hash_file (path, head, error);

  *kind = va_kernel_kind (head->data, head->len);
  if (hash == NULL || head->len > 0)
    return g_steal_pointer (&hash);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("%s is empty: expected a kernel (bzImage); check that it was copied completely"), path);
  return NULL;
}
