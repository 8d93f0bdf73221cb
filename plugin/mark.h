/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_mark_leave: writes VA_RUNDIR/gate, "PID START\n" of this process, so that the hook can see that the libvirt daemon
 * that called it has the gate. Makes VA_RUNDIR (0711) if it is missing.
 * Errors: those of va_file_write(), VA_CORE_ERROR_PERMISSION (VA_RUNDIR is not a folder of root or of this user)
 */
gboolean va_mark_leave (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
