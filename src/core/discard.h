/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Getting rid of what another user was free to fill: trees of any depth and size, links, sockets, folders in the place
 * of files. It is first taken away by one rename to a place that only root can reach, RUN-DIR/discarded, so that its
 * old name is free at once; what is removed is then never reached by a path.
 */
G_BEGIN_DECLS

/**
 * va_discard: takes @name in the open folder @parent away, and removes it, or as much of it as a few milliseconds
 * allow: va_discard_rest() removes the rest. What is not there is no error.
 * Errors: VA_CORE_ERROR_FAILED, _PERMISSION: it is still at its old place
 */
gboolean va_discard (const char *run_dir, int parent, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_discard_rest: goes on with what earlier calls left. */
void va_discard_rest (const char *run_dir);

G_END_DECLS
