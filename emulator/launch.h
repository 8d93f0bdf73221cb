/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many arguments va_launch_add() adds at most. */
#define VA_LAUNCH_ARGUMENTS 2

/**
 * va_launch_add: adds to QEMU's arguments what a launch takes that the hook has prepared: its session, kernel hashes, a
 * second monitor. Where no session waits, or the arguments have one, nothing is changed.
 * @arguments: @count of them and a NULL, with room for VA_LAUNCH_ARGUMENTS more; what is replaced is not freed
 * @run_dir: below which the second monitor is
 * Returns: what was wrong, a sentence of static storage, with errno where that says more (else 0); NULL: nothing
 */
const char *va_launch_add (const char **arguments, int count, const char *run_dir);
