/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/agent.h"

G_BEGIN_DECLS

/**
 * va_features_report: tells the service what this host can do, in a thread that may block. Trouble is logged, and
 * agent->features_due stays set for the next try. Returns at once.
 */
void va_features_report (VaAgent *agent);

G_END_DECLS
