/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-grant.h"
#include "api/launch-request.h"
#include "api/registration.h"
#include "api/validate-reply.h"
#include "api/validate-request.h"
#include "tee/tee.h"

/*
 * What the messages of a launch carry of a technology, as tee/tee.h has it. The wire has a member for each part; who
 * asks and who decides know parts by name only. Another technology's members are read and written here, too.
 */
G_BEGIN_DECLS

/** va_registration_tee: the technology of its scheme. */
const VaTee *va_registration_tee (const VaRegistration *registration);
/** va_launch_request_claim: what @request says of its platform. Returns: (transfer full): valid as long as @request */
VaBlobs *va_launch_request_claim (const VaLaunchRequest *request);
/** va_launch_grant_set_start: @handover: all that the technology's seam names */
void va_launch_grant_set_start (VaLaunchGrant *grant, const VaBlobs *handover);
/** va_validate_request_evidence: @evidence: (out): to be cleared */
void va_validate_request_evidence (const VaValidateRequest *request, VaEvidence *evidence);
/** va_validate_request_set_evidence: Errors: VA_CORE_ERROR_PARSE: the message has no members for such evidence */
gboolean va_validate_request_set_evidence (VaValidateRequest *request, const VaEvidence *evidence, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_validate_reply_set_packet: @packet: all that the technology's seam names */
void va_validate_reply_set_packet (VaValidateReply *reply, const VaBlobs *packet);
/** va_validate_reply_packet: Returns: (transfer full): if @reply->has_secret */
VaBlobs *va_validate_reply_packet (const VaValidateReply *reply);

G_END_DECLS
