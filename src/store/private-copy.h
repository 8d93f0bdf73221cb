/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * A directory of this program's own, for one database, that does not outlive it: SQLite opens files by their names
 * only, so the copy cannot be unlinked while it is in use.
 */
G_BEGIN_DECLS

/** VaStorePrivateCopy: only one at a time. */
typedef struct _VaStorePrivateCopy VaStorePrivateCopy;

/**
 * va_store_private_copy_new: makes the directory, with mode 0700, in TMPDIR. Until va_store_private_copy_free()
 * SIGINT, SIGTERM
 * and SIGHUP remove it, with the database in it, and then end the program as they would have; one that is ignored
 * stays ignored.
 * Errors: G_FILE_ERROR
 */
VaStorePrivateCopy *va_store_private_copy_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_private_copy_path: where the database goes; nothing is there at first. Returns: (transfer none) */
const char *va_store_private_copy_path (const VaStorePrivateCopy *copy);
/** va_store_private_copy_free: removes all of it. */
void va_store_private_copy_free (VaStorePrivateCopy *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStorePrivateCopy, va_store_private_copy_free)

G_END_DECLS
