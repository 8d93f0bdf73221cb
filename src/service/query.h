/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/server.h"

G_BEGIN_DECLS

/** Parameters of a request's query; without one of that name, @out stays as it is. Errors: VA_PROBLEM_BAD_REQUEST */

/** va_query_number: from @min to @max. */
gboolean va_query_number (const VaRequest *request, const char *name, guint64 min, guint64 max, guint64 *out,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_query_uuid: in lower case. @out: (transfer none) */
gboolean va_query_uuid (const VaRequest *request, const char *name, const char **out, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_hash_is_canonical: whether @text is a SHA-256 in lower-case hex. */
gboolean va_hash_is_canonical (const char *text);
/** va_query_hash: a SHA-256 in lower-case hex. @out: (transfer none) */
gboolean va_query_hash (const VaRequest *request, const char *name, const char **out, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_query_name: of a secret or a host. @out: (transfer none) */
gboolean va_query_name (const VaRequest *request, const char *name, const char **out, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
