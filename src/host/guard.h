/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libvirt/libvirt.h>
#include "host/agent.h"

/*
 * A domain of ours that runs although its launch is not attested: somebody let it run past the gate, through QEMU's monitor.
 * It is destroyed, and its owner hears of it.
 */
G_BEGIN_DECLS

/**
 * va_guard_check: looks at @domain, which is that of @launch, and destroys it if need be; calls libvirt.
 * Returns: whether it ran
 */
gboolean va_guard_check (const VaAgent *agent, VaLaunch *launch, virDomainPtr domain);
/** va_guard_look: the same soon, in a thread that waits for nothing else; only while the launch is not attested. */
void va_guard_look (VaAgent *agent, VaLaunch *launch);
/** va_guard_look_at: the same for a domain whose marker says “pending” although no launch of it is known. */
void va_guard_look_at (VaAgent *agent, const char *uuid);

G_END_DECLS
