/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/agent.h"

G_BEGIN_DECLS

/**
 * va_certificate_watch: says in the journal, once a day, that the host's certificate ends within 30 days, or has ended.
 * Cheap; from the main loop's thread.
 */
void va_certificate_watch (VaAgent *agent);

G_END_DECLS
