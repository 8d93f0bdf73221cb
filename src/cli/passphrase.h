/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"

/**
 * va_secret_from_path: a file's bytes, at most @max, whatever its mode is.
 * Errors: VA_CORE_ERROR_FAILED, _RANGE, naming the file
 */
VaSecret *va_secret_from_path (const char *path, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_passphrase_ask: asks twice at the terminal, without echo; the line break is not part of it.
 * Errors: VA_CORE_ERROR_FAILED (no terminal), VA_CORE_ERROR_PARSE (the two differ, or nothing was typed)
 */
VaSecret *va_passphrase_ask (GError **error) G_GNUC_WARN_UNUSED_RESULT;
