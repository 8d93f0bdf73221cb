/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"

G_BEGIN_DECLS

/**
 * va_operand_path: "@before@ID" with @text, a UUID in either case, in lower case. Returns: (transfer full): %NULL when
 * it is not a UUID, which has been reported then: return VA_EXIT_USAGE.
 */
char *va_operand_path (const VaCall *call, const char *before, const char *text);
/**
 * va_operand_launch: asks about the launch that the first operand names: @method "/v1/launch/ID@after".
 * @json: (nullable): borrowed
 * @reply: (out) (transfer full)
 * Returns: VA_EXIT_YES, or what it came to, which has been said then
 */
VaExit va_operand_launch (VaCall *call, const char *method, const char *after, JsonObject *json, JsonObject **reply);
/** va_operand_secret_path: "/v1/secret/NAME", in the same manner. */
char *va_operand_secret_path (const VaCall *call, const char *name);
/** va_operand_delete: DELETE @path, which it frees; prints @done when it worked. */
VaExit va_operand_delete (VaCall *call, char *path, const char *done);

G_END_DECLS
