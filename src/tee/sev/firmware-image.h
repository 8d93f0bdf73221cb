/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/firmware.h"

/* Whether a file is firmware that an SEV guest can start from, and what it is if it is not. */
G_BEGIN_DECLS

/** As many bytes of a file's beginning and of its end as are looked at. */
#define VA_FIRMWARE_HEAD 16384
#define VA_FIRMWARE_TAIL 16

/**
 * va_firmware_recognise: whether a file can be x86 firmware: whole pages of 4096 bytes that end with a reset vector,
 * and not the BIOS of a PC. Of a firmware without SEV metadata nothing more is asked.
 * @head: the file's first bytes, VA_FIRMWARE_HEAD of them or all that it has
 * @tail: its last bytes, VA_FIRMWARE_TAIL of them or all that it has
 * @size: of the whole file, bytes
 * Errors: VA_SEV_ERROR_FORMAT, with a sentence that says what the file is, as far as it can be told, and what to do
 */
gboolean va_firmware_recognise (const guint8 *head, gsize head_size, const guint8 *tail, gsize tail_size, gsize size,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_firmware_read: va_firmware_recognise(), then va_firmware_parse(), of a whole image.
 * Errors: those of both
 */
gboolean va_firmware_read (VaFirmware *firmware, gconstpointer image, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
