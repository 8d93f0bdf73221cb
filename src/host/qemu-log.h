/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What QEMU says about its own end is nowhere but in its log, which libvirt keeps: DIRECTORY/DOMAIN.log. */
G_BEGIN_DECLS

/** How far a log had got. */
typedef struct {
  gboolean known; /* FALSE: nothing in the log can be said to be new */
  dev_t device;
  ino_t inode; /* 0: there was no log */
  goffset size;
} VaQemuLogMark;

/** va_qemu_log_mark: @domain: its name. A log that cannot be looked at makes a mark that is not known. */
VaQemuLogMark va_qemu_log_mark (const char *directory, const char *domain);
/**
 * va_qemu_log_firmware_error: the last SEV firmware error that was logged since @mark, within the last 64 KiB. A log
 * that libvirt has started again since then is read from its beginning.
 * Returns: as va_firmware_error_find()
 */
int va_qemu_log_firmware_error (const char *directory, const char *domain, const VaQemuLogMark *mark);

G_END_DECLS
