/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-grant.h"

#include "api/limits.h"
#include "core/i18n.h"

static const VaMember members[] = {
  { "launch-id", VA_REQUIRED, VA_MEMBER_UUID (VaLaunchGrant, launch_id) },
  { "vm", VA_OPTIONAL, VA_MEMBER_UUID (VaLaunchGrant, vm) },
  { "session", VA_REQUIRED, VA_MEMBER_BASE64 (VaLaunchGrant, session) },
  { "owner-cert", VA_REQUIRED, VA_MEMBER_BASE64 (VaLaunchGrant, owner_cert) },
  { "policy", VA_REQUIRED, VA_MEMBER_NUMBER (VaLaunchGrant, policy), .max = G_MAXUINT32 },
  { "expires", VA_REQUIRED, VA_MEMBER_NUMBER (VaLaunchGrant, expires), .min = 1, .max = VA_TIME_MAX },
};

VA_MESSAGE_DEFINE (VaLaunchGrant, va_launch_grant) = {
  .name = "launch-grant",
  .where = N_("grant"),
  .size = sizeof (VaLaunchGrant),
  VA_MESSAGE_MEMBERS (members),
};
