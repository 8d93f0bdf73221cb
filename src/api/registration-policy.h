/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"

/* The policy of a registration; for registration.c. */
G_BEGIN_DECLS

/* The member "policy": a number, or an object with the bits that are required and forbidden. */
extern const VaCustomMember va_registration_policy;
extern const VaMessage va_registration_policy_rule;
/** va_fields_check_registration_policy: what is demanded of policies now, and so not of what is stored already. */
void va_fields_check_registration_policy (VaFields *fields, const VaRegistration *registration);

G_END_DECLS
