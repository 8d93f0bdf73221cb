/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "platform/folder.h"

G_BEGIN_DECLS

/**
 * va_platform_generate: a whole platform under a root of its own. All private keys but the PDH's are forgotten.
 * @folder: (inout): generation, api_major, api_minor and build are given, the rest is made
 */
void va_platform_generate (VaPlatformFolder *folder);

/** va_platform_tamper_names: what can be made wrong, ended by %NULL. */
const char *const *va_platform_tamper_names (void);
/** va_platform_tamper: makes one thing wrong. Errors: VA_CORE_ERROR_PARSE (no such @what) */
gboolean va_platform_tamper (VaPlatformFolder *folder, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
