/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_store_backup_file_copy: the backup @path into the new file @copy (0600), which may then be changed. Nothing is
 * written
 * where there is no room for the copy, and for the store that is made from it; no more is read than the file has when
 * it is opened.
 * @copy: below g_get_tmp_dir()
 * @place: where the store is going to be, a file or a URL; whether a database on a server has room is not asked
 * @reserve: bytes that must stay free on each file system
 * Errors: VA_CORE_ERROR (not a regular file, no room, cannot be read or written), none of which names @path
 */
gboolean va_store_backup_file_copy (const char *path, const char *copy, const char *place, guint64 reserve,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
