/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/measurement.h"
#include "tee/tee.h"

/* SEV and SEV-ES behind the seam of tee/tee.h: the names and forms of what goes through it. */
G_BEGIN_DECLS

/* A platform's claim: */
#define VA_SEV_CLAIM_PDH "pdh"               /* VA_SEV_CERT_SIZE bytes */
#define VA_SEV_CLAIM_CERT_CHAIN "cert-chain" /* PEK, OCA, CEK: 3 * VA_SEV_CERT_SIZE bytes */

/* What a launch begins with: */
#define VA_SEV_START_SESSION "session"       /* VA_SEV_SESSION_SIZE bytes */
#define VA_SEV_START_OWNER_CERT "owner-cert" /* VA_SEV_CERT_SIZE bytes: the GODH certificate */

/* A sealed packet: */
#define VA_SEV_PACKET_HEADER "header"   /* VA_PACKET_HEADER_SIZE bytes */
#define VA_SEV_PACKET_PAYLOAD "payload" /* as long as the secret table, padded */

/**
 * Evidence, VA_SEV_EVIDENCE_SIZE bytes: what LAUNCH_MEASURE covers besides the digest, and what it gave.
 *
 *   0  1   API major, as the host says
 *   1  1   API minor
 *   2  1   build id
 *   3  4   policy, little-endian
 *   7  48  measure[32], then mnonce[16]
 */
#define VA_SEV_EVIDENCE "amd-sev-measurement"
#define VA_SEV_EVIDENCE_SIZE 55

/** va_sev_evidence_write: @evidence: (out): to be cleared */
void va_sev_evidence_write (const VaLaunchContext *context, const guint8 measurement[VA_MEASUREMENT_SIZE],
                            VaEvidence *evidence);
/**
 * va_sev_evidence_read: the other way.
 * Errors: VA_CORE_ERROR_PARSE: @evidence does not have VA_SEV_EVIDENCE_SIZE bytes
 */
gboolean va_sev_evidence_read (GBytes *evidence, VaLaunchContext *context, guint8 measurement[VA_MEASUREMENT_SIZE],
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
