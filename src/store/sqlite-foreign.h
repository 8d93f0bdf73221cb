/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_store_check_foreign: whether the file @path, which anybody may have made, is a store: whole, of a version that
 * this program knows, with exactly the tables and indexes of that version, with values of the right types, and without
 * references to what is not there. Nothing in it is carried out, and the file is not changed.
 * Errors: VA_STORE_ERROR
 */
gboolean va_store_check_foreign (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
