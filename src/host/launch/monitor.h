/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * The second monitor of a domain that is being started. QEMU makes its socket in a folder of its own user, which is
 * that of other QEMU processes too. The agent takes the socket from there to RUN-DIR/monitors, where only root gets at
 * it, as soon as it has to do with it, and removes it once the launch is decided. A socket goes on working where it
 * was moved.
 */
G_BEGIN_DECLS

/**
 * va_monitor_take: the place of the domain's socket after it was taken away, now or by an earlier call.
 * Returns: (transfer full)
 * Errors: VA_CORE_ERROR_NOT_FOUND: QEMU has made none; VA_CORE_ERROR_FAILED
 */
char *va_monitor_take (const char *run_dir, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_monitor_peer: the process that listens at the domain's second monitor, without a word to it; takes the socket.
 * Errors: as va_monitor_take() and va_qmp_peer_at()
 */
gboolean va_monitor_peer (const char *run_dir, const char *uuid, pid_t *pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_monitor_doubt: process @peer listens there and was not expected to. If it was not even started with this monitor,
 * another process put the socket there: it is removed, and the next call takes another.
 * Returns: whether the process was started with this monitor
 */
gboolean va_monitor_doubt (const char *run_dir, const char *uuid, pid_t peer);
/** va_monitor_remove: the socket, and the folder with all that may be in it; what is not there is no error. */
void va_monitor_remove (const char *run_dir, const char *uuid);

G_END_DECLS
