/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct _VaSecret
{
  guint8 *data;
  gsize size;
  gsize mapped;
};

VaSecret *
va_secret_new (gsize size)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  VaSecret *secret = g_new0 (VaSecret, 1);

  if (size > G_MAXSIZE - page)
    g_error ("a secret of %" G_GSIZE_FORMAT " bytes cannot be mapped", size);
  secret->size = size;
  secret->mapped = MAX (page, (size + page - 1) / page * page);
  secret->data = mmap (NULL, secret->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (secret->data == MAP_FAILED)
    g_error ("no memory for a secret of %" G_GSIZE_FORMAT " bytes", size);
  if (mlock (secret->data, secret->mapped) != 0)
    g_debug ("secret memory is not locked: raise RLIMIT_MEMLOCK");
  madvise (secret->data, secret->mapped, MADV_DONTDUMP);
  madvise (secret->data, secret->mapped, MADV_WIPEONFORK);
  return secret;
}

VaSecret *
va_secret_copy_in (gconstpointer data, gsize size)
{
  VaSecret *secret = va_secret_new (size);

  if (size > 0)
    memcpy (secret->data, data, size);
  return secret;
}

guint8 *
va_secret_data (VaSecret *secret)
{
  return secret->data;
}

gsize
va_secret_size (const VaSecret *secret)
{
  return secret->size;
}

gboolean
va_secret_equal (const VaSecret *a, const VaSecret *b)
{
  return a->size == b->size && va_bytes_equal (a->data, b->data, a->size);
}

void
va_secret_truncate (VaSecret *secret, gsize size)
{
  g_return_if_fail (size <= secret->size);
  va_wipe (secret->data + size, secret->size - size);
  secret->size = size;
}

void
va_secret_free (VaSecret *secret)
{
  if (secret == NULL)
    return;
  va_wipe (secret->data, secret->mapped);
  munmap (secret->data, secret->mapped);
  g_free (secret);
}

void
va_wipe (gpointer data, gsize size)
{
  if (size > 0)
    explicit_bzero (data, size);
}

gboolean
va_bytes_equal (gconstpointer a, gconstpointer b, gsize size)
{
  const guint8 *x = a, *y = b;
  volatile guint8 differs = 0;

  for (gsize i = 0; i < size; i++)
    differs |= x[i] ^ y[i];
  return differs == 0;
}

void
va_process_forbid_dumps (void)
{
  struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  prctl (PR_SET_DUMPABLE, 0);
}
