/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/kernel-image.h"

/** va_file_hash: hex SHA-256 of a file of any size. Errors: VA_CORE_ERROR_FAILED naming the file */
char *va_file_hash (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_kernel_file_hash: the same of a kernel; @kind: (out): how QEMU loads it. Errors: also _PARSE: it is empty */
char *va_kernel_file_hash (const char *path, VaKernelKind *kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;
