/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"

G_BEGIN_DECLS

#define VA_REASON_MAX 512

/** One step of a launch as the host measured it. */
typedef struct {
  char *name;
  guint64 ms; /* since the hook was called */
} VaStep;

/** POST /launch/{launch-id}/outcome: 200 with an empty object */
typedef enum { VA_OUTCOME_RUNNING, VA_OUTCOME_FAILED, VA_OUTCOME_ENDED } VaOutcomeState;
typedef struct {
  VaOutcomeState state;
  char *reason;       /* at most VA_REASON_MAX bytes; may be %NULL */
  int firmware_error; /* what the SEV firmware answered, 0 to 255; -1: nothing that is known */
  GPtrArray *steps;   /* of VaStep, at most 32; never %NULL */
} VaOutcome;
VA_MESSAGE_DECLARE (VaOutcome, va_outcome)
/**
 * va_outcome_new: @reason may be %NULL; what is longer than VA_REASON_MAX bytes is cut. Returns: (transfer full).
 */
VaOutcome *va_outcome_new (VaOutcomeState state, const char *reason);
/** va_outcome_add_step: @ms since the hook was called; steps beyond the 32nd are left out. */
void va_outcome_add_step (VaOutcome *outcome, const char *name, guint64 ms);
/** va_outcome_state_name: "running", "failed" or "ended". */
const char *va_outcome_state_name (VaOutcomeState state);

G_END_DECLS
