/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "lock-driver.h"
#include "own-machine.h"
#include "recorder.h"

/** The gate as libvirtd loads it, on a machine of its own, and what it reported to libvirt. */

#define DRIVERS "/run/drivers"
#define CONFIG "/run/libvirt-conf/qemu-virt-attest.conf"
#define UUID "00112233-4455-6677-8899-aabbccddeeff"
#define MARKER VA_RUNDIR "/domains/" UUID
#define MONITOR "socket,path=" VA_RUNDIR "/qmp/libvirt-" UUID "/monitor.sock,server=on"

extern LockDriver *gate;
extern Recorder *chained; /* not “recorder”, which is a symbol of recorder.so */
extern GString *reported;
/** assert_reported: the gate told libvirt something with @words in it, which is forgotten now. */
void assert_reported (const char *words);
/** begin: starts the gate with @settings; what init said. */
int begin (const char *settings);
/** begin_well: the same, which must succeed, with a directory for markers and none in it. */
void begin_well (const char *settings);
/** end: stops the gate. */
void end (void);
/** open_manager: what libvirt does before it asks for locks of process @pid. */
void open_manager (LockManager *manager, pid_t pid, unsigned int flags);
/** acquire: what the gate says of process @pid. */
int acquire (pid_t pid);
/** attested: a marker for process @pid, whose start time is off by @start_offset. Returns: (transfer full). */
char *attested (pid_t pid, gint64 start_offset);
/** begin_tests: a machine of its own with the virt-attest.so that is installed, and the recorder. Call it first. */
void begin_tests (int *argc, char ***argv);
