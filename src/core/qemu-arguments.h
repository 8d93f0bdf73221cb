/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** What a domain's QEMU was started with, as far as it decides about an attested launch. */
typedef struct {
  gboolean monitor;     /* it has the domain's second monitor: the domain was prepared, or a launch granted */
  gboolean sev;         /* it has an object of SEV, SEV-ES or SEV-SNP */
  gboolean loads_state; /* -incoming or -loadvm: its memory is replaced after it was measured */
} VaQemuArguments;

/** va_qemu_option_loads_state: whether @argument, of @size bytes, is an option that makes QEMU load a saved state. */
gboolean va_qemu_option_loads_state (const char *argument, gsize size);
/**
 * va_qemu_arguments_parse: @text: as in /proc/PID/cmdline: arguments, each ended by a zero byte
 * @run_dir, @uuid: whose second monitor is meant
 */
VaQemuArguments va_qemu_arguments_parse (const char *text, gsize size, const char *run_dir, const char *uuid);

/**
 * va_qemu_arguments_read: of process @pid. The kernel takes them from the process's own memory, and a process that was
 * taken over can make that wait for ever; so another thread reads, and is left behind when the time is over.
 * @deadline_ms: for the whole call
 * Errors: VA_CORE_ERROR_NOT_FOUND (there is no such process, or it has ended), _TIMEOUT, _RANGE (longer than any
 *   QEMU's), _FAILED
 */
gboolean va_qemu_arguments_read (pid_t pid, const char *run_dir, const char *uuid, guint deadline_ms,
                                 VaQemuArguments *arguments, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
