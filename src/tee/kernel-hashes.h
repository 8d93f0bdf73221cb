/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sha256.h"

G_BEGIN_DECLS

/** SHA-256 of kernel, initrd and command line, as QEMU computes them for kernel-hashes=on. */
typedef struct {
  guint8 kernel[VA_SHA256_SIZE];
  guint8 initrd[VA_SHA256_SIZE];  /* absent: va_sha256 of nothing */
  guint8 cmdline[VA_SHA256_SIZE]; /* with its trailing NUL; absent: of the single byte 0 */
} VaKernelHashes;

/** va_kernel_cmdline_hash: the hash of @text with its trailing NUL; %NULL counts as "". */
void va_kernel_cmdline_hash (const char *text, guint8 out[VA_SHA256_SIZE]);

G_END_DECLS
