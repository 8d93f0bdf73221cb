/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-request.h"

G_BEGIN_DECLS

#define VA_CANDIDATES_MAX 4

/** Of a launch whose domain names no registration: one that it may be. */
typedef struct {
  char *id;       /* of the registration: a UUID */
  char *selector; /* how the agent came to it, e.g. "nova-image" */
} VaLaunchCandidate;
VA_MESSAGE_DECLARE (VaLaunchCandidate, va_launch_candidate)

/** POST /v1/launch: what a host shows, and which registrations it may be under; the first one that there is counts. */
typedef struct {
  VaLaunchRequest request;
  GPtrArray *candidates; /* of VaLaunchCandidate: 1 to VA_CANDIDATES_MAX */
} VaLaunchSelection;
VA_MESSAGE_DECLARE (VaLaunchSelection, va_launch_selection)

/** va_launch_selection_has: whether the registration @id is one of the candidates. */
gboolean va_launch_selection_has (const VaLaunchSelection *selection, const char *id);
/** va_launch_selection_text: all candidates for a person: "ID (selector), ID (selector)". Returns: (transfer full) */
char *va_launch_selection_text (const VaLaunchSelection *selection);

G_END_DECLS
