/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * The two files of one start that QEMU reads the launch from, open for writing, and whom they belong to: the user that
 * QEMU will run as. libvirt writes them from the XML's placeholders; where there are none, the hook makes them.
 */
typedef struct {
  int session, owner_cert; /* -1: not open */
  uid_t uid;
  gid_t gid;
} VaLaunchFiles;

#define VA_LAUNCH_FILES_INIT \
  { \
    -1, -1, 0, 0 \
  }

/**
 * va_launch_files_open: finds and opens session.base64 and dh_cert.base64 of domain @id, called @name, below @lib_dir.
 * Errors: VA_CORE_ERROR_NOT_FOUND (no folder of this domain, or a file is missing: the XML has no placeholders),
 *   VA_CORE_ERROR_EXISTS (several folders fit), VA_CORE_ERROR_PERMISSION (a link or no regular file)
 */
gboolean va_launch_files_open (VaLaunchFiles *files, const char *lib_dir, guint id, const char *name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_launch_files_create: makes both files anew for a domain whose XML has no placeholders, with the owner and group of
 * libvirt's directory of the domain. What an earlier start left behind there is removed.
 * Errors: VA_CORE_ERROR_NOT_FOUND (no folder of this domain), VA_CORE_ERROR_EXISTS (several folders fit),
 *   VA_CORE_ERROR_PERMISSION
 */
gboolean va_launch_files_create (VaLaunchFiles *files, const char *lib_dir, guint id, const char *name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_files_write: new content in place: owner, mode and security label stay as libvirt set them. */
gboolean va_launch_files_write (VaLaunchFiles *files, const char *session, const char *owner_cert, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_files_close: both descriptors; a structure of zeros or one closed before is fine. */
void va_launch_files_close (VaLaunchFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaLaunchFiles, va_launch_files_close)

/**
 * va_monitor_folder_make: the folder of @monitor, a path of core/monitor-path.h below VA_RUNDIR: new, empty, 0700, of
 * @uid and @gid, for QEMU to make its second monitor in. What an earlier run left in its place is discarded.
 * Errors: VA_CORE_ERROR_FAILED, VA_CORE_ERROR_PERMISSION, with the path and what to do
 */
gboolean va_monitor_folder_make (const char *monitor, uid_t uid, gid_t gid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
