/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_fault_next: counts one call of @command in this process and looks into FOLDER/fault, which is read every time.
 * Its lines are "COMMAND FW_ERROR [NTH]"; without NTH every call fails. Empty lines and lines with # are skipped.
 * Returns: the firmware error to answer with, or 0
 */
int va_fault_next (const char *folder, const char *command);
/** va_trace: appends "PID COMMAND FW_ERROR" to FOLDER/log if that file exists and may be written. Never a key. */
void va_trace (const char *folder, const char *command, int fw_error);

G_END_DECLS
