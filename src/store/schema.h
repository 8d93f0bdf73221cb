/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/database.h"
#include "store/backend.h"

G_BEGIN_DECLS

extern const VaDbSchema va_schema_sqlite, va_schema_postgresql;
/** va_store_check_schema: Errors: FAILED when @version is not one that this program knows. */
gboolean va_store_check_schema (gint64 version, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
