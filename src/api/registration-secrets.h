/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/messages.h"

/* The "secrets" of a registration; for registration.c. */
G_BEGIN_DECLS

/**
 * va_registration_secrets_read: Returns: (transfer full): VaSecretRefs, empty when there are none; mistakes in @fields.
 */
GPtrArray *va_registration_secrets_read (VaFields *fields);
/** va_registration_secrets_write: adds the member unless there are none. */
void va_registration_secrets_write (JsonObject *object, GPtrArray *secrets, gboolean with_data);

G_END_DECLS
