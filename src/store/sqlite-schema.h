/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/backend.h"

/* One script a version, each from the version before; a new version adds one and leaves those before it as they are. */
extern const char *const va_sqlite_migrations[VA_STORE_SCHEMA];
