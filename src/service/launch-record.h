/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/messages.h"
#include "store/record.h"

G_BEGIN_DECLS

/** va_launch_record_step: adds a step to the timeline. @time: milliseconds since 1970. */
void va_launch_record_step (VaStoredLaunch *launch, const char *step, gint64 time);
/** va_launch_record_refuse: the refusal and its explanation; @detail: (transfer full). */
void va_launch_record_refuse (VaStoredLaunch *launch, const char *code, char *detail, gint64 time);
/** va_launch_record_approve: @by approves a launch that waits. @time: milliseconds since 1970. */
void va_launch_record_approve (VaStoredLaunch *launch, const char *by, const VaApproval *approval, gint64 time);
/** va_launch_record_write: the launch as its owner sees it. Returns: (transfer full). */
JsonObject *va_launch_record_write (const VaStoredLaunch *launch);

G_END_DECLS
