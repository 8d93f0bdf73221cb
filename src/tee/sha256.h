/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_SHA256_SIZE 32

/** va_sha256: of @size bytes. @data: may be %NULL if @size is 0 */
void va_sha256 (gconstpointer data, gsize size, guint8 out[VA_SHA256_SIZE]);

G_END_DECLS
