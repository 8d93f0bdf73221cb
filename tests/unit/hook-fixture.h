/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "own-machine.h"
#include "peer.h"

/** The hook as libvirtd runs it, on a machine of its own. */

#define UUID "6e1f0a52-8c0e-4a3c-9d55-0c1a6b1f0001"
#define MARK VA_RUNDIR "/gate"
#define MARKER VA_RUNDIR "/domains/" UUID
#define SOCKET VA_RUNDIR "/hook.sock"
#define LIBDIR "/run/libvirt-lib"
#define CONFIG VA_SYSCONFDIR "/hook.conf"
#define FOLDER LIBDIR "/domain-7-guest"
#define MONITORS VA_RUNDIR "/qmp"
#define MONITOR MONITORS "/libvirt-" UUID
#define QEMU_USER 64055
#define QEMU_GROUP 107

extern const char ours[];
extern char *hook, *session, *owner_cert, *grant;
/** assert_operation_refused: it is refused, with @words in the one sentence. */
void assert_operation_refused (const char *operation, const char *xml, const char *words);
/** assert_refused: the start is, likewise. */
void assert_refused (const char *xml, const char *words);
/** assert_passed: the hook says nothing and lets it happen. */
void assert_passed (const char *operation, const char *suboperation, const char *xml);
/** leave_mark: the gate's mark, of this process or of one that is off by so much. */
void leave_mark (gint64 pid_offset, gint64 start_offset);
/** prepare: everything as it is at a start that can be granted. */
void prepare (void);
/** agent: an agent that answers @answer. Returns: (transfer full). */
Peer *agent (const char *answer);
/** assert_file: @path has this content and is QEMU's alone. */
void assert_file (const char *path, const char *content);
/** begin_tests: a machine of its own, the hook, and what a grant for it holds. Call it first. */
void begin_tests (int *argc, char ***argv);
