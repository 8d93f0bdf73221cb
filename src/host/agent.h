/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/libvirt/hypervisor.h"
#include "host/launch/launches.h"
#include "host/launch/outcomes.h"
#include "host/platform.h"
#include "host/configuration.h"
#include "host/local/sockets.h"
#include "host/work.h"

G_BEGIN_DECLS

/**
 * The parts of the agent. Which of them may wait for which:
 *   hook and gate threads: for the service, QEMU, each other's validation; never for libvirt;
 *   libvirt_work: for everything;
 *   guards: for libvirt alone;
 *   chores, outcomes: for files, and the second for the service.
 */
typedef struct {
  const VaHostSettings *settings;
  char *boot_id;
  VaClient *client;
  VaLaunches *launches;
  VaPlatform *platform;
  VaOutcomes *outcomes;
  VaHypervisor *hypervisor; /* %NULL without libvirt, for tests */
  VaWork *libvirt_work, *chores;
  VaWork *guards; /* for va_guard_look() alone, which must not wait for a launch that is being served */
  GMutex starts;  /* held from a launch's entry until its marker is there, and to decide about a stale marker */
  VaListener *hook, *gate;
  VaLaunchHost host;
  int lock; /* held for as long as the agent runs */
  guint sweep_timer;
  gint features_due;     /* atomic: the service has not heard yet what the host can do */
  gint64 warned;         /* when the journal was told last that the certificate ends soon, seconds; 0: never */
  gboolean quiet, stuck; /* va_agent_quiesce() was called; and threads were left that still use the agent */
} VaAgent;

/**
 * va_agent_start: everything but the main loop; returns when questions are answered.
 * @settings: outlive the agent; an empty libvirt_uri means no libvirt at all
 * Errors: VA_CORE_ERROR; _EXISTS: another agent runs in this run_dir
 */
VaAgent *va_agent_start (const VaHostSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_agent_reload: reads the certificate, its key and the CA again; if they will not do, the agent goes on with those
 * that it has. Says so in the journal.
 */
void va_agent_reload (VaAgent *agent);
/**
 * va_agent_quiesce: the first half of the end: nothing is asked of libvirt any more, and no outcome told; hook and
 * gate are still answered as long as the main loop runs. Returns after some seconds at most, even while libvirtd
 * hangs. From any thread, once.
 */
void va_agent_quiesce (VaAgent *agent);
/**
 * va_agent_stop: the rest (after va_agent_quiesce() if that was not called): answers what it was asked, then frees
 * everything; launches stay as they are.
 * Returns: FALSE: a thread is in a call that does not return; nothing was freed, and the process should _exit()
 */
gboolean va_agent_stop (VaAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaAgent, va_agent_stop)

G_END_DECLS
