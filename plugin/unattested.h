/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_unattested_may_run: whether this host runs SEV guests for which no launch was begun. Reads its file each time,
 * because it is asked for SEV guests alone.
 * Errors: VA_CORE_ERROR_PERMISSION with a sentence: it does not, or the file cannot be read
 */
gboolean va_unattested_may_run (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
