/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/guid.h"
#include "core/secret.h"

G_BEGIN_DECLS

#define VA_PACKET_HEADER_SIZE 52
#define VA_SECRET_TABLE_MAX 16384
#define VA_GUID_LUKS_PASSPHRASE "736869e5-84f0-4973-92ec-06879ce3da0b"

/** One entry of a secret table; plain view, owns nothing. */
typedef struct {
  guint8 guid[VA_GUID_SIZE];
  const guint8 *data;
  gsize size; /* bytes */
} VaSecretEntry;

/**
 * va_secret_guid_check: whether the guest can have a secret by this GUID: that of zeros means a deleted entry, and
 * that of the table itself is no secret's.
 * Errors: VA_SEV_ERROR_FORMAT
 */
gboolean va_secret_guid_check (const guint8 guid[VA_GUID_SIZE], GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_secret_guid_is_passphrase: whether it is VA_GUID_LUKS_PASSPHRASE. */
gboolean va_secret_guid_is_passphrase (const guint8 guid[VA_GUID_SIZE]);
/**
 * va_passphrase_check: a passphrase is a text: a zero byte in it would cut it short for its reader.
 * Errors: VA_SEV_ERROR_FORMAT
 */
gboolean va_passphrase_check (gconstpointer data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_secret_table_size: the table's size in bytes, padding included; G_MAXSIZE when it overflows. */
gsize va_secret_table_size (const VaSecretEntry *entries, gsize count);
/**
 * va_secret_table_build: the table in the clear, zero-padded to a multiple of 16, no further padding when aligned.
 * @area: the firmware's secret area in bytes, or 0 when it is not known; the limit is the lesser of it and 16 KiB
 * Errors: VA_SEV_ERROR_TOO_LARGE, naming both sizes; VA_SEV_ERROR_FORMAT: no entries, a GUID that
 *   va_secret_guid_check() refuses, or twice the same one, of which the guest would find the first alone
 * Spec: docs/SEV.md section 4
 */
VaSecret *va_secret_table_build (const VaSecretEntry *entries, gsize count, gsize area, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_packet_seal: encrypts @table for one launch under a fresh IV. Call it once for a TEK.
 * @measure: the first 32 bytes of the measurement
 * @header: (out): VA_PACKET_HEADER_SIZE bytes
 * Returns: (transfer full): the payload, as long as @table
 * Spec: docs/SEV.md section 4; AMD 55766, LAUNCH_SECRET
 */
GBytes *va_packet_seal (VaSecret *tik, VaSecret *tek, VaSecret *table, const guint8 measure[32],
                        guint8 header[VA_PACKET_HEADER_SIZE]);
/** va_packet_seal_with_iv: the same with a given IV, for known answers and for the platform's tests. */
GBytes *va_packet_seal_with_iv (VaSecret *tik, VaSecret *tek, VaSecret *table, const guint8 measure[32],
                                const guint8 iv[16], guint8 header[VA_PACKET_HEADER_SIZE]);

G_END_DECLS
