/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/database.h"

G_BEGIN_DECLS

/**
 * va_db_sqlite_open: the database in the file @path, made when it is not there and brought to the schema's version.
 * @present: only one that is there, in that version
 * Returns: (transfer full): freed with va_db_backend_free()
 * Errors: also VA_CORE_ERROR
 */
VaDbBackend *va_db_sqlite_open (const char *path, const VaDbSchema *schema, gboolean present, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_db_sqlite_create: a new one in a file that is not there yet, mode 0600, in any folder. */
VaDbBackend *va_db_sqlite_create (const char *path, const VaDbSchema *schema, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_db_sqlite_finish: makes the file one that is whole without others beside it. @backend is of no more use but to
 * close.
 */
gboolean va_db_sqlite_finish (VaDbBackend *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
