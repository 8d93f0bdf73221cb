/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"

G_BEGIN_DECLS

/** The answer to a launch request while the launch waits for an owner's confirmation, 202. */
typedef struct {
  char *launch_id;
  char *vm;          /* in the answer to a selection: the registration; else %NULL */
  guint retry_after; /* seconds */
} VaLaunchPending;
VA_MESSAGE_DECLARE (VaLaunchPending, va_launch_pending)

G_END_DECLS
