/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/approval.h"
#include "store/launch.h"

G_BEGIN_DECLS

/** va_launch_record_refuse: the refusal and its explanation; @detail: (transfer full). */
void va_launch_record_refuse (VaStoredLaunch *launch, const char *code, char *detail, gint64 time);
/** Who says yes to a launch. */
typedef struct {
  const char *owner, *person; /* person: "": not known */
  gboolean two_persons;       /* another one must say it too */
} VaApprover;
/**
 * va_launch_record_approve: a launch that waits is approved, or is so once another person approves it too. Two
 * approvals hold for what is in both of them. Each person has one: the newest, in place of an earlier one.
 * @time: milliseconds since 1970
 * Returns: FALSE when it takes two persons, and this one has approved it already
 */
gboolean va_launch_record_approve (VaStoredLaunch *launch, const VaApprover *by, const VaApproval *approval,
                                   gint64 time);
/** va_launch_record_write: the launch as its owner sees it. Returns: (transfer full). */
JsonObject *va_launch_record_write (const VaStoredLaunch *launch);

G_END_DECLS
