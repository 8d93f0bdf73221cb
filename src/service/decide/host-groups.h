/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VaHostGroups: groups of hosts, which the operator keeps in a file and registrations name as “@GROUP”. The file is
 * looked at whenever a group is asked for, so that a change counts at once. From any thread.
 */
typedef struct _VaHostGroups VaHostGroups;

/**
 * va_host_groups_new: @path: lines “GROUP: HOST HOST …”, a group on several lines has the hosts of all of them,
 * comments from “#”; or %NULL: no groups
 * Errors: VA_CORE_ERROR, naming the file and the line
 */
VaHostGroups *va_host_groups_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_host_groups_have: whether @host is in @group, which is without the “@”. A changed file that cannot be read or
 * understood is named in the log, and what was known before stays in force.
 * @groups: (nullable): no groups
 */
gboolean va_host_groups_have (VaHostGroups *groups, const char *group, const char *host);
/** va_host_groups_know: whether there is such a group. */
gboolean va_host_groups_know (VaHostGroups *groups, const char *group);
void va_host_groups_free (VaHostGroups *groups);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaHostGroups, va_host_groups_free)

G_END_DECLS
