/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libvirt/libvirt.h>
#include "host/agent.h"

/*
 * A domain of ours that runs although its launch is not attested: it was resumed past the gate, through QEMU's
 * monitor. And one whose memory came from a snapshot or a saved state, or that was launched again when it was reset. It
 * is destroyed, and its owner hears of it.
 */
G_BEGIN_DECLS

/**
 * va_guard_check: looks at @domain, which is that of @launch, and destroys it if need be; calls libvirt.
 * Returns: whether it was destroyed
 */
gboolean va_guard_check (const VaAgent *agent, VaLaunch *launch, virDomainPtr domain);
/**
 * va_guard_look: the same soon, in a thread that waits for nothing else; only while the launch is not attested, or if
 * QEMU might launch its guest again.
 */
void va_guard_look (VaAgent *agent, VaLaunch *launch);
/** va_guard_look_at: the same for a domain whose marker says “pending” although no launch of it is known. */
void va_guard_look_at (VaAgent *agent, const char *uuid);

/** va_guard_event: the same after libvirt said that something happened, when also what is attested is looked at. */
void va_guard_event (VaAgent *agent, VaLaunch *launch);

G_END_DECLS
