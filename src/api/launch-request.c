/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-request.h"

#include "api/limits.h"
#include "core/i18n.h"
#include "core/peer-name.h"

#define CPU_ID_MAX 128

static const VaMember domain_members[] = {
  { "uuid", VA_REQUIRED, VA_MEMBER_UUID (VaLaunchRequest, domain_uuid) },
  { "name", VA_REQUIRED, VA_MEMBER_TEXT (VaLaunchRequest, domain_name), .max = VA_NAME_MAX },
};
static const VaMessage domain = { .where = N_("domain"), VA_MESSAGE_MEMBERS (domain_members) };

static const VaMember members[] = {
  { "pdh", VA_REQUIRED, VA_MEMBER_BASE64 (VaLaunchRequest, pdh) },
  { "cert-chain", VA_REQUIRED, VA_MEMBER_BASE64 (VaLaunchRequest, cert_chain) },
  { "cpu-id", VA_OPTIONAL, VA_MEMBER_BYTES (VaLaunchRequest, cpu_id), .min = 1, .max = CPU_ID_MAX },
  { "policy", VA_OPTIONAL, VA_MEMBER_NUMBER (VaLaunchRequest, policy), .max = G_MAXUINT32,
    .flag = VA_MEMBER_FLAG (VaLaunchRequest, has_policy) },
  { "domain", VA_REQUIRED, VA_MEMBER_GROUP (domain) },
  { "launch-id", VA_OPTIONAL, VA_MEMBER_UUID (VaLaunchRequest, launch_id) },
  { "owner", VA_OPTIONAL, VA_MEMBER_TEXT (VaLaunchRequest, owner), .max = VA_PEER_NAME_MAX,
    .valid = va_peer_name_is_valid, .expected = N_("expected the name of an owner: 1 to 64 of a-z 0-9 . _ -") },
  { "source", VA_OPTIONAL, VA_MEMBER_MESSAGE (VaLaunchRequest, source, VaLaunchSource, va_launch_source_message) },
};

VA_MESSAGE_DEFINE (VaLaunchRequest, va_launch_request) = {
  .name = "launch-request",
  .where = N_("launch request"),
  .size = sizeof (VaLaunchRequest),
  VA_MESSAGE_MEMBERS (members),
};
