/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

G_BEGIN_DECLS

/** What was decided about a request. */
typedef struct {
  const char *call; /* "launch", "validate", "outcome", … */
  const char *launch_id, *vm,
    *host;             /* %NULL when not known; checked for their form before, since they come from a peer */
  const char *verdict; /* "granted", "validated", …; %NULL: refused with @error */
  const GError *error; /* of VA_PROBLEM_ERROR */
} VaDecision;

/** va_decision_log_note: the one line that a decision leaves in the log, with the request's id; and it is counted. */
void va_decision_log_note (VaService *service, const VaRequest *request, const VaDecision *decision);

G_END_DECLS
