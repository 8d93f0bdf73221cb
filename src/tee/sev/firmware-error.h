/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What SEV firmware answers to a command that it refuses: SEV API, "Status codes". The same list is in errors(7). */
G_BEGIN_DECLS

#define VA_FIRMWARE_ERROR_NONE (-1)
#define VA_FIRMWARE_ERROR_MAX 255

/**
 * va_firmware_error_find: the last “fw_error=” in what QEMU printed.
 * @text: need not be UTF-8 or end with a NUL
 * Returns: 0 to %VA_FIRMWARE_ERROR_MAX, or %VA_FIRMWARE_ERROR_NONE: there is none that can be read. 0: the kernel
 * refused.
 */
int va_firmware_error_find (const char *text, gsize size);
/**
 * va_firmware_error_text: a sentence without a full stop: number, name and what can be done about it; nothing of it
 * comes from a peer.
 * @number: 0 to %VA_FIRMWARE_ERROR_MAX
 * Returns: (transfer full): less than 300 bytes
 */
char *va_firmware_error_text (guint number);

G_END_DECLS
