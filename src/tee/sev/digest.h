/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/firmware.h"

G_BEGIN_DECLS

#define VA_SHA256_SIZE 32

void va_sha256 (gconstpointer data, gsize size, guint8 out[VA_SHA256_SIZE]);

/** SHA-256 of kernel, initrd and command line, as QEMU computes them for kernel-hashes=on. */
typedef struct {
  guint8 kernel[VA_SHA256_SIZE];
  guint8 initrd[VA_SHA256_SIZE];  /* absent: va_sha256 of nothing */
  guint8 cmdline[VA_SHA256_SIZE]; /* with its trailing NUL; absent: of the single byte 0 */
} VaKernelHashes;

/** va_kernel_cmdline_hash: the hash of @text with its trailing NUL; %NULL counts as "". */
void va_kernel_cmdline_hash (const char *text, guint8 out[VA_SHA256_SIZE]);

#define VA_KERNEL_TABLE_SIZE 176 /* 168 bytes padded to a multiple of 16 */
/** va_kernel_table: the hash table as QEMU writes it into the firmware's area. Spec: SEV.md section 3 */
void va_kernel_table (const VaKernelHashes *hashes, guint8 out[VA_KERNEL_TABLE_SIZE]);

/** A launch digest in the making: everything that LAUNCH_UPDATE is given, in order. */
typedef struct _VaLaunchDigest VaLaunchDigest;
/** va_launch_digest_new: begins with the firmware's flash image. */
VaLaunchDigest *va_launch_digest_new (gconstpointer image, gsize size);
VaLaunchDigest *va_launch_digest_copy (const VaLaunchDigest *digest);
/**
 * va_launch_digest_add_kernel: Errors: VA_SEV_ERROR_FIRMWARE when @firmware has no room for the table.
 */
gboolean va_launch_digest_add_kernel (VaLaunchDigest *digest, const VaFirmware *firmware, const VaKernelHashes *hashes,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_digest_add: further measured bytes, e.g. one VMSA page of 4096 bytes. */
void va_launch_digest_add (VaLaunchDigest *digest, gconstpointer data, gsize size);
/** va_launch_digest_finish: the digest; @digest is used up and freed. */
void va_launch_digest_finish (VaLaunchDigest *digest, guint8 out[VA_SHA256_SIZE]);
void va_launch_digest_free (VaLaunchDigest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaLaunchDigest, va_launch_digest_free)

G_END_DECLS
