/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/chain.h"

G_BEGIN_DECLS

/**
 * va_roots_load: the roots below both folders, one folder a generation with ark.cert and ask.cert. Those below
 * @trusted_folder are trusted although they are not AMD's; each such root is said aloud in the log.
 * @trusted_folder: or %NULL
 * Errors: VA_CORE_ERROR, VA_SEV_ERROR, naming the file
 */
VaSevRoots *va_roots_load (const char *folder, const char *trusted_folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
