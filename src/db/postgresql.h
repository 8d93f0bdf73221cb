/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/database.h"

G_BEGIN_DECLS

/** va_db_postgresql_is_url: whether @place is that of a PostgreSQL database. */
gboolean va_db_postgresql_is_url (const char *place);
/** va_db_postgresql_check_url: a URL that libpq understands, without a password in it. */
gboolean va_db_postgresql_check_url (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_db_postgresql_open: the database at @url (libpq's form, postgresql://…; without a password in it), whose tables
 * are
 * made when there are none. @present: as for va_db_sqlite_open(). Returns: (transfer full): freed with
 * va_db_backend_free()
 */
VaDbBackend *va_db_postgresql_open (const char *url, const VaDbSchema *schema, gboolean present, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
