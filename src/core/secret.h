/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VaSecret: the one owner of bytes that must not leak. The memory is locked,
 * left out of core dumps, not inherited by fork, and wiped when freed.
 */
typedef struct _VaSecret VaSecret;

/**
 * va_secret_not_locked: how many bytes of secrets could not be locked just now, because RLIMIT_MEMLOCK is used up. The
 * first time that happens, the log says so once.
 */
gsize va_secret_not_locked (void);
/** va_secret_new: @size zero bytes (may be 0). Aborts if memory cannot be mapped, as g_malloc does. */
VaSecret *va_secret_new (gsize size);
/** va_secret_copy_in: a secret of @size bytes with a copy of @data; the caller still has to wipe @data. */
VaSecret *va_secret_copy_in (gconstpointer data, gsize size);
/** va_secret_data: the bytes, owned by @secret; never %NULL. */
guint8 *va_secret_data (VaSecret *secret);
/** va_secret_size: in bytes. */
gsize va_secret_size (const VaSecret *secret);
/** va_secret_equal: compares in constant time once the sizes are equal. */
gboolean va_secret_equal (const VaSecret *a, const VaSecret *b);
/** va_secret_truncate: makes @secret @size bytes long (at most its present size) and wipes the rest. */
void va_secret_truncate (VaSecret *secret, gsize size);
void va_secret_free (VaSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaSecret, va_secret_free)

/** va_wipe: overwrites @size bytes in a way that the compiler keeps. */
void va_wipe (gpointer data, gsize size);
/** va_bytes_equal: compares @size bytes of both in constant time. */
gboolean va_bytes_equal (gconstpointer a, gconstpointer b, gsize size);
/** va_process_forbid_dumps: no core files and no ptrace by others for this process. */
void va_process_forbid_dumps (void);

G_END_DECLS
