/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * A test of programs whose paths are fixed (/run/virt-attest, /etc/virt-attest) gets mounts of its own: nobody outside
 * sees what it does there. Call these before anything starts a thread.
 */

/** Ends the program as skipped, with the reason, where private mounts cannot be made. */
void own_machine_enter (void);
/**
 * An empty folder, for this program alone, in the place of @path or of the folder where @path would have to be made.
 */
void own_machine_cover (const char *path);
/** A process that sleeps until the test ends or kills it, with @argument in its command line. */
pid_t own_machine_sleeper (const char *argument);
/** The same with one more argument (nullable). */
pid_t own_machine_sleeper_with (const char *argument, const char *other);
void own_machine_kill (pid_t pid);
/** Writes a file, and its folder (0700) if it is missing. */
void own_machine_write (const char *path, const char *text);
