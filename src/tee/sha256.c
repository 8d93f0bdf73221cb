/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sha256.h"

#include <nettle/sha2.h>

void
va_sha256 (gconstpointer data, gsize size, guint8 out[VA_SHA256_SIZE])
{
  struct sha256_ctx context;

  sha256_init (&context);
  if (size > 0)
    sha256_update (&context, size, data);
  sha256_digest (&context, VA_SHA256_SIZE, out);
}
