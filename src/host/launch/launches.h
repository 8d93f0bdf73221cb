/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/launch/launch.h"

G_BEGIN_DECLS

/** All launches that the agent has to remember, and for each domain its latest. From any thread. */
typedef struct _VaLaunches VaLaunches;

/** va_launches_new: @state_dir: where their records are. */
VaLaunches *va_launches_new (const char *state_dir);
/**
 * va_launches_add: @launch becomes its domain's latest; the one before is finished, since libvirt starts a domain
 * again only when the old run has ended.
 * Returns: FALSE when a later start of the domain is here already (@launch is kept, but not as the latest), or when
 *   the launch-id is not new (@launch is not kept)
 */
gboolean va_launches_add (VaLaunches *launches, VaLaunch *launch);
/** va_launches_latest: the domain's latest, whose domain is not gone. Returns: (transfer full) (nullable) */
VaLaunch *va_launches_latest (VaLaunches *launches, const char *domain_uuid);
/** va_launches_list: Returns: (transfer full): of VaLaunch */
GPtrArray *va_launches_list (VaLaunches *launches);
/** va_launches_forget: takes @launch out, and its record away. */
void va_launches_forget (VaLaunches *launches, VaLaunch *launch);
void va_launches_free (VaLaunches *launches);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaLaunches, va_launches_free)

G_END_DECLS
