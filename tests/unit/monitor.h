/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/* A monitor as QEMU has it, for tests: one connection after the other, on a local socket, in a thread of its own. */
typedef struct _Monitor Monitor;

/**
 * The answer to one command, as text with its line end, in which "@ID" stands for the command's id; %NULL hangs up.
 * Called from the monitor's thread; @arguments may be %NULL.
 */
typedef char *(*MonitorAnswer) (const char *command, JsonObject *arguments, gpointer data);

/** monitor_new: listens at @path. @greeting: (nullable): sent to every new connection; %NULL: QEMU's. */
Monitor *monitor_new (const char *path, const char *greeting, MonitorAnswer answer, gpointer data);
/** monitor_stop: closes the socket and whatever connection there is, as a dying QEMU does. */
void monitor_stop (Monitor *monitor);
