/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What an entry of the agent's log is about; %NULL where it is not known. */
typedef struct {
  const char *call;    /* to the service: "launch", "validate", "outcome", "features" */
  const char *request; /* the call's id, by which the service's log has it too */
  const char *launch_id;
  const char *vm;      /* the registration */
  const char *verdict; /* the service's: "answered", or the code of its refusal; "no-answer" */
} VaHostSubject;

/** va_host_log: a notice through GLib, with those fields as VIRT_ATTEST_CALL, _REQUEST, … for the journal. */
void va_host_log (const VaHostSubject *subject, const char *format, ...) G_GNUC_PRINTF (2, 3);

/**
 * va_host_trace: how long a part of a launch took, as a debug message: "took N us: PART". GLib drops it unless
 * G_MESSAGES_DEBUG names virt-attest, which is for measuring (tests/bench/start-cost.py).
 * @part: "hook.sock" or "gate.sock" (a question to its answer), "monitor", or the name of a call to the service
 * @began: g_get_monotonic_time()
 */
void va_host_trace (const char *part, gint64 began);

G_END_DECLS
