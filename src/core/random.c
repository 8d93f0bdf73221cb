/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "core/secret.h"

#define POOL 1024
#define POOLED_MAX 64 /* bytes at once; more comes from the kernel as it is */

/* What a thread has fetched ahead, a dozen keys and nonces for each call of the kernel. In a secret's memory: a child after
   fork() finds it empty. */
typedef struct {
  gsize left;
  guint8 bytes[POOL];
} Pool;

static GPrivate pools = G_PRIVATE_INIT ((GDestroyNotify) va_secret_free);

static void
fetch (guint8 *bytes, gsize size)
{
  while (size > 0)
    {
      ssize_t got = getrandom (bytes, size, 0);

      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        g_error ("getrandom: %s", g_strerror (errno));
      bytes += got;
      size -= (gsize) got;
    }
}

static Pool *
own_pool (void)
{
  VaSecret *memory = g_private_get (&pools);

  if (memory == NULL)
    {
      memory = va_secret_new (sizeof (Pool));
      g_private_set (&pools, memory);
    }
  return (gpointer) va_secret_data (memory); /* whole pages */
}

void
va_random_fill (gpointer out, gsize size)
{
  Pool *pool;

  if (size > POOLED_MAX)
    {
      fetch (out, size);
      return;
    }
  pool = own_pool ();
  if (pool->left < size)
    {
      fetch (pool->bytes, POOL);
      pool->left = POOL;
    }
  pool->left -= size;
  memcpy (out, pool->bytes + pool->left, size);
  va_wipe (pool->bytes + pool->left, size);
}
