/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"
#include "tee/sev/digest.h"

G_BEGIN_DECLS

/** A firmware image on its way to the service. */
typedef struct {
  char *path;
  GBytes *image;
  VaFirmware footer;
} VaFirmwareFile;

/** va_firmware_file_read: Errors: those of va_file_read() and va_firmware_read() */
VaFirmwareFile *va_firmware_file_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_firmware_file_free (VaFirmwareFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaFirmwareFile, va_firmware_file_free)

/**
 * va_firmware_file_looks: whether @path looks like firmware, by its beginning and its end; nothing more of it is read.
 */
gboolean va_firmware_file_looks (const char *path);
/**
 * va_firmware_file_begin: the launch digest after the image, and its footer, without holding the image.
 * @begun: (out) (transfer full)
 * Errors: as va_firmware_file_read()
 */
gboolean va_firmware_file_begin (const char *path, VaLaunchDigest **begun, VaFirmware *footer, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_firmware_file_hash: hex SHA-256. Returns: (transfer full). */
char *va_firmware_file_hash (const VaFirmwareFile *file);

/**
 * va_firmware_file_es: whether it can start SEV-ES guests, as far as that shows: “yes, …”, “no: …” or “unknown: …”.
 * Returns: (transfer full).
 */
char *va_firmware_file_es (const VaFirmwareFile *file);
/**
 * va_firmware_file_smm: whether it needs SMM, which is in its compressed part, so that its name has to tell. Returns:
 * (transfer full).
 */
char *va_firmware_file_smm (const VaFirmwareFile *file);
/**
 * va_firmware_file_es_doubt: why it will probably not start under SEV-ES, a sentence; %NULL: no reason is seen.
 * Returns: (transfer full).
 */
char *va_firmware_file_es_doubt (const VaFirmwareFile *file);

/**
 * va_firmware_file_secrets: whether a guest gets its secrets from it: “yes”, or “no: …” or “unknown: …”.
 * Returns: (transfer full).
 */
char *va_firmware_file_secrets (const VaFirmwareFile *file);

/** va_firmware_file_upload: @reply: (out) (optional): what the service says about it */
gboolean va_firmware_file_upload (VaCall *call, const VaFirmwareFile *file, JsonObject **reply, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_firmware_files_upload: uploads those @files, of VaFirmwareFile, that the service does not have. */
gboolean va_firmware_files_upload (VaCall *call, GPtrArray *files, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
