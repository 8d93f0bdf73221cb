/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "platform/identity.h"

G_BEGIN_DECLS

#define VA_PLATFORM_ROOT_MAX 1600
#define VA_PLATFORM_RSA_MAX 512

typedef enum {
  VA_PLATFORM_NAPLES, /* RSA-2048, SHA-256: quick to make */
  VA_PLATFORM_MILAN,  /* RSA-4096, SHA-384 */
} VaPlatformGeneration;

/** The whole of a platform's folder: what QEMU needs, and the roots that somebody may choose to trust. */
typedef struct {
  VaPlatform platform;
  VaPlatformGeneration generation;
  gsize root_size; /* bytes of ark and ask */
  guint8 ark[VA_PLATFORM_ROOT_MAX], ask[VA_PLATFORM_ROOT_MAX];
} VaPlatformFolder;

/** Where the chain keeps each certificate. */
#define VA_PLATFORM_PEK(folder) ((folder)->platform.chain)
#define VA_PLATFORM_OCA(folder) ((folder)->platform.chain + VA_PLATFORM_CERT_SIZE)
#define VA_PLATFORM_CEK(folder) ((folder)->platform.chain + 2 * VA_PLATFORM_CERT_SIZE)

/** va_platform_rsa_size: bytes of one number of a root's key: 256 or 512. */
gsize va_platform_rsa_size (VaPlatformGeneration generation);
/** va_platform_folder_load: Errors: as va_platform_load() */
gboolean va_platform_folder_load (VaPlatformFolder *folder, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_platform_folder_save: makes @path (0755) and every file in it; a folder that holds a platform is an error.
 * Errors: VA_CORE_ERROR
 */
gboolean va_platform_folder_save (const VaPlatformFolder *folder, const char *path, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
