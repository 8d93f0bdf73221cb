/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/approval.h"

#include "core/i18n.h"

static const VaMember members[] = {
  { "launches", VA_OPTIONAL, VA_MEMBER_NUMBER (VaApproval, launches), .min = 1, .max = VA_APPROVAL_LAUNCHES_MAX,
    .absent = 1, .always = TRUE },
  { "valid-seconds", VA_OPTIONAL, VA_MEMBER_NUMBER (VaApproval, valid_seconds), .min = 1,
    .max = VA_APPROVAL_SECONDS_MAX, .absent = VA_APPROVAL_SECONDS, .always = TRUE },
};

VA_MESSAGE_DEFINE (VaApproval, va_approval) = {
  .name = "approval",
  .where = N_("approval"),
  .size = sizeof (VaApproval),
  VA_MESSAGE_MEMBERS (members),
};
