/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"
#include "service/service.h"

/* Changes of registrations that want two persons: one proposes, another one confirms. */
G_BEGIN_DECLS

/** va_proposal_person: whether @request's certificate names a person. Errors: VA_PROBLEM_SECOND_PERSON */
gboolean va_proposal_person (const VaRequest *request, GError **error);
/**
 * va_proposal_make: keeps what @request asks for until another person confirms it, and answers 202.
 * @registration: (nullable): the new one; %NULL: it is to be removed
 * @replaces: version of the registration that is there; 0: none is
 */
gboolean va_proposal_make (VaRequest *request, VaResponse *response, VaService *service, VaRegistration *registration,
                           guint64 replaces, GError **error);

G_END_DECLS
