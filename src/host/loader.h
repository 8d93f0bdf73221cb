/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the agent can say about a domain's firmware file. */
typedef struct {
  gboolean read;         /* the file could be read; else all else is empty */
  char hash[65];         /* SHA-256, hex */
  guint32 secret_address, secret_size;
} VaLoader;

/**
 * va_loader_inspect: a file that cannot be read is no error, since QEMU may see another file system.
 * @path: (nullable)
 * Errors: VA_SEV_ERROR_FIRMWARE or _FORMAT: it can be read, and cannot take a secret; the message names the file
 */
gboolean va_loader_inspect (VaLoader *loader, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
