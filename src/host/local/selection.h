/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/xml.h"
#include "host/configuration.h"
#include "host/service-client.h"

/* Under which registration a domain runs that names none. */
G_BEGIN_DECLS

typedef struct {
  char *id; /* of the registration: a UUID */
  VaSelector selector;
} VaSelected;

/**
 * va_selection_make: the registrations that @domain may be under, in the configured order, each once.
 * Returns: (transfer full): of VaSelected; empty when the domain has nothing that is selected by
 */
GPtrArray *va_selection_make (const VaHostSettings *settings, const VaDomainXml *domain) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_selection_launch: va_service_client_launch() under the first registration of @selection that the service knows.
 * @chosen: (out): which one that is, borrowed
 * Errors: those of va_service_client_launch(); VA_PROBLEM_VM_UNKNOWN: it knows none of them
 */
VaLaunchGrant *va_selection_launch (VaClient *client, const GPtrArray *selection, VaLaunchRequest *request, gint64 end,
                                    const VaSelected **chosen, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_selection_text: all of @selection for a person: "ID (selector), ID (selector)". Returns: (transfer full) */
char *va_selection_text (const GPtrArray *selection);

G_END_DECLS
