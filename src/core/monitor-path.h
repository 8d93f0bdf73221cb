/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Where QEMU makes the second monitor of an attested domain. Hook, gate, agent and “domain prepare” must agree on it.
 * The folder has the name of the AppArmor profile that libvirt gives the domain, so that one rule lets each QEMU reach
 * its own monitor only.
 */
G_BEGIN_DECLS

/** va_monitor_path: @run_dir/qmp/libvirt-@uuid/monitor.sock. Returns: (transfer full) */
char *va_monitor_path (const char *run_dir, const char *uuid);
/**
 * va_monitor_path_older: @run_dir/qmp/@uuid/monitor.sock, the place in domains that were prepared before; it still
 * works, but no AppArmor rule keeps other QEMU processes away from it. Returns: (transfer full)
 */
char *va_monitor_path_older (const char *run_dir, const char *uuid);
/** va_monitor_path_is: whether @path is one of these two, below any directory and of any domain. */
gboolean va_monitor_path_is (const char *path);

G_END_DECLS
