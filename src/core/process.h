/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * va_process_start_time: when process @pid began, in clock ticks since boot (field 22 of /proc/PID/stat).
 * With the pid it names one process for good, since pids are used again.
 * Errors: VA_CORE_ERROR_NOT_FOUND, VA_CORE_ERROR_PARSE
 */
gboolean va_process_start_time (pid_t pid, guint64 *ticks, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_process_daemon_name: for sentences, what the libvirt daemon that runs as @pid is called, "libvirtd" or
 * "virtqemud". @pid 0: the one whose pid file in /run names a process of that name. If it cannot be told: words for
 * both. Free with g_free().
 */
char *va_process_daemon_name (pid_t pid);
/** va_process_is: whether @pid is still the process that began at @ticks. */
gboolean va_process_is (pid_t pid, guint64 ticks);

G_END_DECLS
