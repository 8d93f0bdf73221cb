/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/backend.h"

G_BEGIN_DECLS

/** va_sqlite_open: the database in the file @path, see va_store_open(). Returns: (transfer full): closed with its class's close() */
VaBackend *va_sqlite_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
