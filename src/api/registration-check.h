/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"

/* Rules across the members of a registration; for registration.c. */
G_BEGIN_DECLS

/** va_registration_check_stored: of one that the service took at its time; mistakes in @fields. */
void va_registration_check_stored (VaFields *fields, gconstpointer registration);
/** va_registration_check_new: the same, and what is demanded of policies now. */
void va_registration_check_new (VaFields *fields, gconstpointer registration);

G_END_DECLS
