/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * va_verdict: whether the CPUs of a domain may run now.
 * @uuid: canonical text
 * @pid: its QEMU process; 0 where libvirt did not say
 * @deadline_ms: for the agent's answer, if it has to be asked
 * Returns: %TRUE to let it run; %FALSE with @error set to one sentence for the person who started the domain
 * Spec: docs/PROTOCOL.md §2, Gate
 */
gboolean va_verdict (const char *uuid, pid_t pid, guint deadline_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
