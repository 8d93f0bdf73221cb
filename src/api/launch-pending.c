/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-pending.h"

#include "core/i18n.h"

#define RETRY_MAX 3600

static const VaMember members[] = {
  { "launch-id", VA_REQUIRED, VA_MEMBER_UUID (VaLaunchPending, launch_id) },
  { "vm", VA_OPTIONAL, VA_MEMBER_UUID (VaLaunchPending, vm) },
  { "retry-after", VA_REQUIRED, VA_MEMBER_NUMBER (VaLaunchPending, retry_after), .min = 1, .max = RETRY_MAX },
};

VA_MESSAGE_DEFINE (VaLaunchPending, va_launch_pending) = {
  .name = "launch-pending",
  .where = N_("answer"),
  .size = sizeof (VaLaunchPending),
  VA_MESSAGE_MEMBERS (members),
};
