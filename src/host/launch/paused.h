/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/agent.h"

G_BEGIN_DECLS

/**
 * va_paused_attend: looks after @launch through libvirt, in a thread for such work: a domain that was started paused
 * is attested, one that libvirt no longer runs is finished. Returns at once.
 */
void va_paused_attend (VaAgent *agent, VaLaunch *launch);

G_END_DECLS
