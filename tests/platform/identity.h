/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_PLATFORM_CERT_SIZE 2084
#define VA_PLATFORM_CHAIN_SIZE (3 * VA_PLATFORM_CERT_SIZE)
#define VA_PLATFORM_CPU_ID_SIZE 64
#define VA_PLATFORM_KEY_SIZE 48 /* a P-384 scalar or coordinate, big-endian */

/** What one software platform is: the part of its folder that a running QEMU needs. Plain data. */
typedef struct {
  guint8 api_major, api_minor, build;
  gboolean vmsa_fpu_reset; /* SEV-ES: which of the two VMSA profiles, see vmsa.h */
  guint8 cpu_id[VA_PLATFORM_CPU_ID_SIZE];
  guint8 pdh[VA_PLATFORM_CERT_SIZE];
  guint8 chain[VA_PLATFORM_CHAIN_SIZE]; /* PEK, OCA, CEK */
  guint8 pdh_key[VA_PLATFORM_KEY_SIZE];
} VaPlatform;

/**
 * va_platform_load: reads platform.conf, pdh.cert, cert-chain, cpu-id and pdh.key of @folder.
 * Errors: G_FILE_ERROR; G_KEY_FILE_ERROR; G_FILE_ERROR_INVAL when a file has the wrong size
 */
gboolean va_platform_load (VaPlatform *platform, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
