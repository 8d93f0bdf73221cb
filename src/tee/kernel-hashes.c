/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/kernel-hashes.h"

#include <string.h>

void
va_kernel_cmdline_hash (const char *text, guint8 out[VA_SHA256_SIZE])
{
  if (text == NULL)
    text = "";
  va_sha256 (text, strlen (text) + 1, out);
}
