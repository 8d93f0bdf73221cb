/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/random.h"

#include <errno.h>
#include <sys/random.h>

/* Nothing is fetched ahead: what a process had fetched would be the same in every machine that is resumed from one
   snapshot, while the kernel's generator is seeded anew there. */
void
va_random_fill (gpointer out, gsize size)
{
  guint8 *bytes = out;

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
