/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fake-qemu.h"
#include "host-site.h"
#include "host/agent.h"
#include "host/launch/marker.h"

/* A whole agent: real sockets, real TLS to a service that obeys the test, and processes that play QEMU. */

typedef struct {
  Site *site;
  VaAgent *agent;
  GMainLoop *loop;
  GThread *thread;
} Host;

/* An agent on a host of its own; only start_agent() where the test makes the site. */
void start_agent (Host *host);
void stop_agent (Host *host);
Host set_up (void);
void tear_down (Host *host);

/* What hook and gate ask, and what they are answered. (transfer full) */
char *ask (Host *host, const char *socket, const char *question);
char *ask_hook (Host *host, const char *verb, const char *xml);
char *ask_gate (Host *host, const char *uuid, pid_t pid);

/* The domain's marker; its start as far as the hook, as the launch's id; its QEMU; the file of a launch's record. */
VaMarker marker (Host *host);
char *grant (Host *host);
FakeQemu start_qemu (Host *host);
char *record_path (Host *host, const char *id);

/* Nothing of the domain is left: marker, monitor's directory, record. */
void wait_until_clean (Host *host, const char *id);
/* The hook is refused for the reason @why, where @change is made to the domain; the gate hears no, or yes. */
void assert_refused (Host *host, const char *change, const char *why);
void assert_no (Host *host, pid_t pid, const char *why);
void assert_yes (Host *host, pid_t pid);
