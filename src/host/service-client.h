/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/host-features.h"
#include "api/launch-grant.h"
#include "api/launch-selection.h"
#include "api/outcome.h"
#include "api/validate-reply.h"
#include "api/validate-request.h"
#include "http/client/client.h"

/*
 * What the agent asks the service. Each call blocks, at most until @end (g_get_monotonic_time()).
 * Each has an id of its own, which is in the service's log and in ours.
 * Errors: VA_PROBLEM_ERROR with "the service refused: SENTENCE (CODE); request ID"; VA_CORE_ERROR_PEER or _TIMEOUT with
 *   the client's sentence, which names the URL; VA_CORE_ERROR_PARSE with "the attestation service gave a broken
 *   answer: …"
 */
G_BEGIN_DECLS

/**
 * va_service_client_launch: POST /v1/vm/{registration}/launch; again and again while the launch waits for its owner,
 *   and while there is no connection. For some seconds after a call that got no answer at all it waits a second
 *   instead of until @end: libvirt holds a lock while a start waits, and "virsh list" waits for each of them.
 * @request: its launch_id is set then
 * Returns: (transfer full)
 * Errors: also VA_CORE_ERROR_TIMEOUT: it still waits at @end
 */
VaLaunchGrant *va_service_client_launch (VaClient *client, const char *registration, VaLaunchRequest *request,
                                         gint64 end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_service_client_select: POST /v1/launch: the same for a domain that names no registration; then as
 *   va_service_client_launch() under the one that the service chose.
 * @selection: its request's launch_id is set then
 * @registration: (out) (transfer full): which one it is; %NULL without a grant
 * Returns: (transfer full)
 * Errors: also VA_PROBLEM_ERROR with VA_PROBLEM_VM_UNKNOWN: the service has none of the candidates
 */
VaLaunchGrant *va_service_client_select (VaClient *client, VaLaunchSelection *selection, gint64 end,
                                         char **registration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_service_client_validate: POST /v1/vm/{registration}/validate; the answer is about the launch that was asked about.
 */
VaValidateReply *va_service_client_validate (VaClient *client, const char *registration,
                                             const VaValidateRequest *request, gint64 end, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_service_client_outcome: POST /v1/launch/{launch-id}/outcome */
gboolean va_service_client_outcome (VaClient *client, const char *launch_id, const VaOutcome *outcome, gint64 end,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_service_client_features: POST /v1/host */
gboolean va_service_client_features (VaClient *client, const VaHostFeatures *features, gint64 end, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/** va_service_client_refused: whether @error is the service's own, final no, and not trouble that may pass. */
gboolean va_service_client_refused (const GError *error);

G_END_DECLS
