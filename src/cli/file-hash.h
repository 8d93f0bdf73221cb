/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/** va_file_hash: hex SHA-256 of a file of any size. Errors: VA_CORE_ERROR_FAILED naming the file */
char *va_file_hash (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
