/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-selection.h"
#include "domain/xml.h"
#include "host/configuration.h"

/* Under which registration a domain runs that names none. */
G_BEGIN_DECLS

/**
 * va_selection_make: the registrations that @domain may be under, in the configured order, each once, and what Nova
 * says of it; the rest of the request is empty.
 * Returns: (transfer full): without candidates when the domain has nothing that is selected by
 */
VaLaunchSelection *va_selection_make (const VaHostSettings *settings, const VaDomainXml *domain)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
