/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the agent can say about a domain's firmware file. */
typedef struct {
  gboolean read; /* the file could be read; else all else is empty */
  char hash[65]; /* SHA-256, hex */
  gboolean has_secret_area, has_hash_area;
  guint32 secret_address, secret_size; /* if has_secret_area */
} VaLoader;

/**
 * va_loader_inspect: reads and hashes a firmware, or knows it from an earlier call, if the file has not changed since
 * (device, inode, size, and the times of its last changes). A file that cannot be read is not an error, since QEMU may
 * see another file system.
 * @path: (nullable)
 * Nor is one without a secret area: whether the launch has a secret, the service knows.
 * Errors: VA_SEV_ERROR_FORMAT: it can be read, and no SEV guest can start from it; the message names the file
 */
gboolean va_loader_inspect (VaLoader *loader, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_loader_check_kernel: that QEMU makes hashes for the kernel at @path. A file that cannot be read is not an error.
 * Errors: VA_SEV_ERROR_FORMAT, with a sentence that names the file
 */
gboolean va_loader_check_kernel (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
