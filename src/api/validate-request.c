/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/validate-request.h"

#include "core/i18n.h"

static const VaMember members[] = {
  { "launch-id", VA_REQUIRED, VA_MEMBER_UUID (VaValidateRequest, launch_id) },
  { "api-major", VA_REQUIRED, VA_MEMBER_NUMBER (VaValidateRequest, context.api_major), .max = G_MAXUINT8 },
  { "api-minor", VA_REQUIRED, VA_MEMBER_NUMBER (VaValidateRequest, context.api_minor), .max = G_MAXUINT8 },
  { "build-id", VA_REQUIRED, VA_MEMBER_NUMBER (VaValidateRequest, context.build_id), .max = G_MAXUINT8 },
  { "policy", VA_REQUIRED, VA_MEMBER_NUMBER (VaValidateRequest, context.policy), .max = G_MAXUINT32 },
  { "measurement", VA_REQUIRED, VA_MEMBER_BASE64 (VaValidateRequest, measurement) },
  { "firmware-hash", VA_OPTIONAL, VA_MEMBER_HEX (VaValidateRequest, firmware_hash),
    .flag = VA_MEMBER_FLAG (VaValidateRequest, has_firmware_hash) },
  { "cpu-count", VA_OPTIONAL, VA_MEMBER_NUMBER (VaValidateRequest, cpu_count), .min = 1, .max = G_MAXUINT16 },
};

VA_MESSAGE_DEFINE (VaValidateRequest, va_validate_request) = {
  .name = "validate-request",
  .where = N_("validate request"),
  .size = sizeof (VaValidateRequest),
  VA_MESSAGE_MEMBERS (members),
};
