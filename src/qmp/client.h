/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include "codec/json.h"
#include "tee/sev/certificate.h"
#include "tee/sev/measurement.h"
#include "tee/sev/packet.h"

G_BEGIN_DECLS

#define VA_QMP_ERROR (va_qmp_error_quark ())
GQuark va_qmp_error_quark (void);
typedef enum {
  VA_QMP_ERROR_REFUSED, /* QEMU's own error: the message holds its class and description */
  VA_QMP_ERROR_ANSWER,  /* an answer that lacks what was asked for, or that does not fit */
} VaQmpError;

/** One connection to a monitor. Every call blocks; all of them together end at the deadline given at the beginning. */
typedef struct _VaQmpClient VaQmpClient;

/**
 * va_qmp_connect: connects to the monitor at @path, reads its greeting and leaves capabilities negotiation.
 * @path: less than 108 bytes
 * @end: g_get_monotonic_time() at which this and every later call gives up
 * Errors: VA_CORE_ERROR_PEER (no listener, or it hung up), _TIMEOUT, _PARSE, _RANGE, _FAILED, VA_QMP_ERROR
 */
VaQmpClient *va_qmp_connect (const char *path, gint64 end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_qmp_peer: the process that listens at the other end (SO_PEERCRED), as it was when it began to listen. */
pid_t va_qmp_peer (const VaQmpClient *client);
/**
 * va_qmp_peer_at: the process that listens on the local socket @path, without a word to it.
 * Errors: VA_CORE_ERROR_PEER, _RANGE, _FAILED
 */
gboolean va_qmp_peer_at (const char *path, pid_t *pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_qmp_client_free (VaQmpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaQmpClient, va_qmp_client_free)

/**
 * va_qmp_execute: one command and its answer; events in between are passed over.
 * @arguments: (nullable): borrowed
 * Returns: (transfer full): the "return" object, or %NULL
 */
JsonObject *va_qmp_execute (VaQmpClient *client, const char *command, JsonObject *arguments, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

#define VA_QMP_ANNOUNCED_MAX 4
/**
 * va_qmp_announce: sends commands without arguments at once. The next calls must be for these, in the same order; they
 * only wait for the answers. QEMU does one after the other, as always, but does not wait for us in between.
 * @commands: (array zero-terminated): at most VA_QMP_ANNOUNCED_MAX, all constants
 * Errors: VA_CORE_ERROR; then, and after an error of one of the calls, the connection is of no more use
 */
gboolean va_qmp_announce (VaQmpClient *client, const char *const *commands, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_qmp_query_status: the run state, e.g. "prelaunch". Returns: (transfer full). */
char *va_qmp_query_status (VaQmpClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** query-sev: also what a measurement covers. */
typedef struct {
  gboolean enabled;
  char state[32]; /* "launch-secret", "running", … */
  VaLaunchContext context;
} VaQmpSev;
/** va_qmp_query_sev: query-sev: state, policy and versions. Errors: VA_QMP_ERROR, VA_CORE_ERROR. */
gboolean va_qmp_query_sev (VaQmpClient *client, VaQmpSev *sev, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_qmp_query_measure: query-sev-launch-measure: measure[32] and nonce[16]. */
gboolean va_qmp_query_measure (VaQmpClient *client, guint8 out[VA_MEASUREMENT_SIZE], GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_qmp_inject: sev-inject-launch-secret.
 * @address: guest-physical and not 0: without one some QEMUs silently take address 0
 */
gboolean va_qmp_inject (VaQmpClient *client, const guint8 header[VA_PACKET_HEADER_SIZE], GBytes *payload,
                        guint32 address, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_qmp_end_at_reset: set-action: whoever resets the machine ends QEMU. A QEMU before 6.0, which lacks the command,
 * is left as it is: it ends anyway where a reset would need another launch.
 */
gboolean va_qmp_end_at_reset (VaQmpClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** query-sev-capabilities */
typedef struct {
  guint8 pdh[VA_SEV_CERT_SIZE];
  guint8 cert_chain[3 * VA_SEV_CERT_SIZE]; /* PEK, OCA, CEK */
  guint64 cbitpos, reduced_phys_bits;
} VaQmpSevCapabilities;
/** va_qmp_query_sev_capabilities: the platform's certificates. Errors: VA_QMP_ERROR, VA_CORE_ERROR. */
gboolean va_qmp_query_sev_capabilities (VaQmpClient *client, VaQmpSevCapabilities *capabilities, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
