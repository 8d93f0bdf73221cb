/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/secret.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEPT_PAGES 8  /* mappings up to this size are used again */
#define KEPT_EACH 256 /* of each size at most */
#define KEPT_ALL 1024 /* pages at most, of all sizes */

struct _VaSecret {
  guint8 *data;
  gsize size;
  gsize mapped;
  gboolean locked;
};

static atomic_size_t not_locked; /* bytes */

/* To map and lock a page costs more than what most secrets are used for, so mappings whose secret is gone, all zeros by
   then, wait here for the next one. */
static struct {
  GMutex mutex;
  guint8 *pages[KEPT_PAGES][KEPT_EACH]; /* by number of pages less one */
  guint count[KEPT_PAGES];
  gsize all; /* pages */
} kept;

static gsize
page_size (void)
{
  static gsize size;

  if (g_once_init_enter (&size))
    g_once_init_leave (&size, (gsize) sysconf (_SC_PAGESIZE));
  return size;
}

static guint8 *
take_kept (gsize mapped)
{
  gsize kind = mapped / page_size () - 1;
  guint8 *data = NULL;

  if (kind >= KEPT_PAGES)
    return NULL;
  g_mutex_lock (&kept.mutex);
  if (kept.count[kind] > 0)
    {
      data = kept.pages[kind][--kept.count[kind]];
      kept.all -= kind + 1;
    }
  g_mutex_unlock (&kept.mutex);
  return data;
}

static gboolean
keep_from_dumps (guint8 *data, gsize mapped)
{
  gsize kind = mapped / page_size () - 1;
  gboolean done = FALSE;

  if (kind >= KEPT_PAGES)
    return FALSE;
  g_mutex_lock (&kept.mutex);
  if (kept.count[kind] < KEPT_EACH && kept.all + kind + 1 <= KEPT_ALL)
    {
      kept.pages[kind][kept.count[kind]++] = data;
      kept.all += kind + 1;
      done = TRUE;
    }
  g_mutex_unlock (&kept.mutex);
  return done;
}

/* A message and no warning: warnings end tests, which may have no memory to lock. */
static void
complain_of_lock (gsize mapped)
{
  static atomic_flag said = ATOMIC_FLAG_INIT;

  atomic_fetch_add (&not_locked, mapped);
  if (!atomic_flag_test_and_set (&said))
    g_log_structured (NULL, G_LOG_LEVEL_MESSAGE, "PRIORITY", "4", "MESSAGE",
                      "%zu bytes of secrets are not in locked memory, so they may be written to swap: raise "
                      "RLIMIT_MEMLOCK (LimitMEMLOCK= in the unit)",
                      mapped);
}

static guint8 *
map_pages (gsize mapped, gboolean *locked)
{
  guint8 *data = mmap (NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (data == MAP_FAILED)
    g_error ("no memory for a secret of %zu bytes", mapped);
  *locked = mlock (data, mapped) == 0;
  if (!*locked)
    complain_of_lock (mapped);
  madvise (data, mapped, MADV_DONTDUMP);
  madvise (data, mapped, MADV_WIPEONFORK);
  return data;
}

VaSecret *
va_secret_new (gsize size)
{
  gsize page = page_size ();
  VaSecret *secret = g_new0 (VaSecret, 1);

  if (size > G_MAXSIZE - page)
    g_error ("a secret of %zu bytes cannot be mapped", size);
  secret->size = size;
  secret->mapped = MAX (page, (size + page - 1) / page * page);
  secret->data = take_kept (secret->mapped);
  secret->locked = secret->data != NULL;
  if (secret->data == NULL)
    secret->data = map_pages (secret->mapped, &secret->locked);
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

gsize
va_secret_not_locked (void)
{
  return atomic_load (&not_locked);
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
  va_wipe (secret->data, secret->size); /* behind it there never was anything but zeros */
  if (!secret->locked)
    atomic_fetch_sub (&not_locked, secret->mapped);
  if (!secret->locked || !keep_from_dumps (secret->data, secret->mapped)) /* the next one may be locked again */
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
