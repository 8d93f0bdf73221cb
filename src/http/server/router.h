/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/server.h"

G_BEGIN_DECLS

#define VA_ROUTE_PARTS 4

/** The {} parts of a path. */
typedef struct {
  char *parts[VA_ROUTE_PARTS];
} VaRouteMatch;
void va_route_match_clear (VaRouteMatch *match);

/**
 * va_route_find: the route for @method and @path.
 * @match: (out): empty at first; its parts on success
 * Errors: VA_PROBLEM_NOT_FOUND; VA_PROBLEM_METHOD, then @allow is what the path takes
 * @allow: (out) (transfer full): value of the Allow header, or %NULL
 */
const VaRoute *va_route_find (const VaRoute *routes, const char *method, const char *path, VaRouteMatch *match,
                              char **allow, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_route_admit: whether @identity (%NULL: none) may use @route.
 * Errors: VA_PROBLEM_UNAUTHENTICATED, VA_PROBLEM_FORBIDDEN
 */
gboolean va_route_admit (const VaRoute *route, const VaIdentity *identity, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_target_check: what nobody needs in a request's target as it was sent: anything but printable ASCII, a broken %
 * sequence, an escaped control character, and an escaped slash, which would make another path of it.
 * Errors: VA_PROBLEM_BAD_REQUEST
 */
gboolean va_target_check (const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
