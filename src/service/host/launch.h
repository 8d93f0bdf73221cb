/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-request.h"
#include "service/service.h"

/* Granting a launch, for the routes that lead there. */
G_BEGIN_DECLS

typedef struct {
  const char *vm; /* id of the registration */
  const VaLaunchRequest *request;
  gboolean selected; /* the service chose @vm, so the answer names it */
} VaWantedLaunch;

/**
 * va_launch_answer: grants the launch or lets it wait; the answer is durable before it is given.
 * Errors: VA_PROBLEM_ERROR
 */
gboolean va_launch_answer (VaService *service, VaRequest *call, const VaWantedLaunch *wanted, VaResponse *response,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_launch_check_asked_again: whether a host that asks again, for a launch that waited for its owner, may go on.
 * Errors: VA_PROBLEM_ERROR: what became of that launch
 */
gboolean va_launch_check_asked_again (VaService *service, VaRequest *call, const char *vm,
                                      const VaLaunchRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_launch_note_refusal: logs that it was refused, once for a request that is handled again after waiting.
 * @vm: (nullable)
 */
void va_launch_note_refusal (VaService *service, VaRequest *call, const char *vm, const GError *error);

G_END_DECLS
