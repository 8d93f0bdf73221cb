/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/problem.h"

G_BEGIN_DECLS

/** va_refuse: sets @error to a problem. Returns: FALSE, so that a rule can return it. */
gboolean va_refuse (GError **error, VaProblemCode code, const char *format, ...) G_GNUC_PRINTF (3, 4);
/**
 * va_refuse_from: the problem that an error of another folder means to a peer; errors of messages become bad-request,
 * those of the store their own code, with @not_found for what is not there. What a peer must not read in words (a
 * broken database, a seal) goes to the log instead.
 * @reason: (transfer full)
 * Returns: FALSE
 */
gboolean va_refuse_from (GError **error, GError *reason, VaProblemCode not_found);
/** va_refusal_name: the stable name of @error's code. */
const char *va_refusal_name (const GError *error);

/**
 * va_stored_json: what the store has as JSON. The database is not believed: what is not JSON is nobody's request.
 * @what: for the journal, such as "features of a host"
 * Errors: VA_SEAL_ERROR_BROKEN
 */
JsonObject *va_stored_json (const char *text, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
