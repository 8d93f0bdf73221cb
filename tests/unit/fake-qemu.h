/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * A process that plays a QEMU in its launch: a monitor with the commands of SEV, and nothing behind it. Beyond QEMU's
 * it knows "test-set" {status, state, policy, inject, action}: what later answers say, the last two being errors; and
 * "test-get": {injected, address, reboot}.
 */
typedef struct {
  pid_t pid;
  char *path; /* of a monitor for the test alone */
} FakeQemu;

/** fake_qemu_main: to be called first in main(): when this process is to be a fake QEMU, it does not return. */
void fake_qemu_main (int argc, char *argv[]);
/** fake_qemu_start: starts this very program as a QEMU whose monitor is at @path; returns when it listens. */
FakeQemu fake_qemu_start (const char *path);
/** fake_qemu_start_with: the same with one more @argument (nullable) in its command line. */
FakeQemu fake_qemu_start_with (const char *path, const char *argument);
/** fake_qemu_set: JSON for "test-set". */
void fake_qemu_set (const FakeQemu *qemu, const char *json);
/** fake_qemu_injected: how many packets it took, and where the last one went. */
guint fake_qemu_injected (const FakeQemu *qemu, guint64 *address);
/** fake_qemu_reboot: what a reset does: "reset", or what the agent had it do instead. (transfer full) */
char *fake_qemu_reboot (const FakeQemu *qemu);
/** fake_qemu_kill: and waits for its end. */
void fake_qemu_kill (FakeQemu *qemu);
