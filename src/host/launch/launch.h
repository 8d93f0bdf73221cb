/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/launch/channel.h"
#include "host/launch/record.h"
#include "host/work.h"
#include "http/client/client.h"

G_BEGIN_DECLS

/** What every launch of this host needs; outlives them all. */
typedef struct {
  const char *run_dir, *state_dir, *boot_id, *qemu_log_dir;
  VaClient *client;
  VaWork *chores;               /* for files and the like; never calls libvirt */
  void (*owes) (gpointer data); /* the service has to hear something */
  /* A start came to nothing without the service's no: is the platform still the same? */
  void (*vanished) (gpointer data);
  gpointer data;
} VaLaunchHost;

/**
 * VaLaunch: one start of one domain. Pending → attested or failed; at any time the domain may go. All its functions
 * may be called from any thread.
 */
typedef struct _VaLaunch VaLaunch;

/** va_launch_new: @record: (transfer full) */
VaLaunch *va_launch_new (const VaLaunchHost *host, VaLaunchRecord *record);
/** va_launch_ref: one more reference. Returns: @launch. */
VaLaunch *va_launch_ref (VaLaunch *launch);
/** va_launch_unref: gives one back; the last one frees it. */
void va_launch_unref (VaLaunch *launch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaLaunch, va_launch_unref)

/** va_launch_id: the service's id of this launch. Returns: borrowed. */
const char *va_launch_id (const VaLaunch *launch);
/** va_launch_domain: the domain's UUID. Returns: borrowed. */
const char *va_launch_domain (const VaLaunch *launch);
/** va_launch_asked: g_get_monotonic_time() of the hook's question. */
gint64 va_launch_asked (const VaLaunch *launch);
/** va_launch_state: as it is at this moment. */
VaHostLaunchState va_launch_state (VaLaunch *launch);
/** va_launch_is_gone: whether the domain has ended. */
gboolean va_launch_is_gone (VaLaunch *launch);
/** va_launch_process: FALSE while QEMU's process is not known. */
gboolean va_launch_process (VaLaunch *launch, pid_t *pid, guint64 *start);
/**
 * va_launch_resets_by_launching: whether QEMU 11.1 answers a reset of this guest with another launch, because
 * processors of SEV-ES cannot be reset. A guest of SEV stays in its own memory, under its own key.
 */
gboolean va_launch_resets_by_launching (const VaLaunch *launch);
/** va_launch_measurement: what QEMU measured; FALSE while it was not asked. */
gboolean va_launch_measurement (VaLaunch *launch, guint8 measurement[VA_MEASURED_MAX]);
/** va_launch_reason: the latest refusal or trouble, or %NULL. Returns: (transfer full) */
char *va_launch_reason (VaLaunch *launch);

/** va_launch_begin: makes the record durable, then the marker. Nothing may be granted before. Errors: VA_CORE_ERROR */
gboolean va_launch_begin (VaLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_step: notes that step @name is done now; each name counts once. */
void va_launch_step (VaLaunch *launch, const char *name);
/**
 * va_launch_bind: QEMU is process @pid; from now on its end is the launch's end. A pending launch takes the latest
 * word, one that is attested belongs to one process for good.
 * Errors: VA_CORE_ERROR_PEER
 */
gboolean va_launch_bind (VaLaunch *launch, pid_t pid, guint64 start, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_launch_serve: measurement, validation, injection, marker: TRUE only when the process of @channel has its secrets,
 * the marker says so, and the record too. The two channels may be at it at the same time.
 * @end: g_get_monotonic_time() at which everything gives up
 * Errors: a sentence for the user; VA_PROBLEM_ERROR is the service's no
 */
gboolean va_launch_serve (VaLaunch *launch, VaChannel *channel, gint64 end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_trouble: keeps @message as the reason in case the launch ends here. */
void va_launch_trouble (VaLaunch *launch, const char *message);
/**
 * va_launch_condemn: the guest must not go on running: a launch that is pending has failed for @reason, for good; one
 * that failed before stays as it is. From here on nothing makes it attested. A reason that is there already, such as
 * that the service cannot be reached, gives way.
 * Returns: FALSE: it is attested, or gone
 */
gboolean va_launch_condemn (VaLaunch *launch, const char *reason);
/**
 * va_launch_doubt: its guest is attested, and what it is now is not what was measured: the service hears @reason with
 * the end of its run, which the caller brings about. Does nothing about one that is not attested, or gone.
 */
void va_launch_doubt (VaLaunch *launch, const char *reason);
/** va_launch_refuse_process: FALSE, with @error: @pid is not the QEMU of a launch. */
gboolean va_launch_refuse_process (GError **error, pid_t pid);
/** va_launch_finish: the domain is gone: marker away, the end owed to the service. Once; later calls do nothing. */
void va_launch_finish (VaLaunch *launch, const char *reason);
/** va_launch_abandon: this agent ends: no more watching. The launch itself stays as it is. */
void va_launch_abandon (VaLaunch *launch);
/**
 * va_launch_restore: after the agent's own restart: the domain's marker is this launch's again.
 * @alive: make it what the record says, and watch QEMU; else the caller will finish the launch
 */
void va_launch_restore (VaLaunch *launch, gboolean alive);

/**
 * va_launch_want_attention: for work about this launch that one thread at a time does. TRUE: no thread does it, so the
 * caller must see that one does, for as long as va_launch_take_attention() says so.
 */
gboolean va_launch_want_attention (VaLaunch *launch);
gboolean va_launch_take_attention (VaLaunch *launch);

/**
 * va_launch_owed: what the service must hear next; owned by @launch, valid until va_launch_acknowledge(). %NULL:
 * nothing.
 */
const VaOutcome *va_launch_owed (VaLaunch *launch);
void va_launch_acknowledge (VaLaunch *launch);
/** va_launch_is_over: the domain is gone and the service knows it. */
gboolean va_launch_is_over (VaLaunch *launch);

G_END_DECLS
