/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/agent.h"

G_BEGIN_DECLS

/** va_reconcile_load: after a restart: the records, each held against the markers and the processes that there are. */
void va_reconcile_load (VaAgent *agent);
/**
 * va_reconcile_sweep: what no event brings: launches whose QEMU never came, markers that belong to no launch, paused
 * domains whose attestation failed for want of the service. Never blocks for long; for the chores' thread.
 */
void va_reconcile_sweep (VaAgent *agent);

G_END_DECLS
