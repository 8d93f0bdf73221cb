/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VaBlobs: a few byte strings, each under a name that its technology has fixed: what a platform claims, what a launch
 * is begun with, what is sealed for a guest. Whoever carries them from one place to another need not know what they
 * are. They are not secret.
 */
typedef struct _VaBlobs VaBlobs;

/** va_blobs_new: none yet. */
VaBlobs *va_blobs_new (void);
/**
 * va_blobs_add:
 * @name: lives forever, and is not in @blobs yet
 * @bytes: (transfer full)
 */
void va_blobs_add (VaBlobs *blobs, const char *name, GBytes *bytes);
/** va_blobs_add_copy: the same with a copy of @data. */
void va_blobs_add_copy (VaBlobs *blobs, const char *name, gconstpointer data, gsize size);
/** va_blobs_get: Returns: (transfer none) (nullable): %NULL: there is none of this name */
GBytes *va_blobs_get (const VaBlobs *blobs, const char *name);
/** va_blobs_get_sized: the bytes called @name if they are exactly @size; else %NULL. Owned by @blobs. */
const guint8 *va_blobs_get_sized (const VaBlobs *blobs, const char *name, gsize size);
void va_blobs_free (VaBlobs *blobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaBlobs, va_blobs_free)

G_END_DECLS
