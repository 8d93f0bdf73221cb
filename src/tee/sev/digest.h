/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/kernel-hashes.h"
#include "tee/sev/firmware.h"

G_BEGIN_DECLS

#define VA_KERNEL_TABLE_SIZE 176 /* 168 bytes padded to a multiple of 16 */
/** va_kernel_table: the hash table as QEMU writes it into the firmware's area. Spec: docs/SEV.md section 3 */
void va_kernel_table (const VaKernelHashes *hashes, guint8 out[VA_KERNEL_TABLE_SIZE]);

/** A launch digest in the making: everything that LAUNCH_UPDATE is given, in order. */
typedef struct _VaLaunchDigest VaLaunchDigest;
/** va_launch_digest_new: begins with the firmware's flash image. */
VaLaunchDigest *va_launch_digest_new (gconstpointer image, gsize size);
/** va_launch_digest_copy: what was measured so far, to go on from it in two ways. Returns: (transfer full). */
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
