/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"

G_BEGIN_DECLS

#define VA_APPROVAL_LAUNCHES_MAX 1000
#define VA_APPROVAL_SECONDS 3600
#define VA_APPROVAL_SECONDS_MAX (30 * 86400)

/** POST /launch/{launch-id}/approve; absent members: one launch, VA_APPROVAL_SECONDS. */
typedef struct {
  guint launches;      /* this one and the next launches - 1 of the registration */
  guint valid_seconds; /* from now; what was not started by then waits again */
} VaApproval;
VA_MESSAGE_DECLARE (VaApproval, va_approval)

G_END_DECLS
