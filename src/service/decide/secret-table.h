/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * va_secret_table_make: the secret table of one launch: secrets by name as they are stored now, and inline ones. A LUKS
 * passphrase gets the NUL at its end that the guest's boot loader looks for.
 * @secrets: of VaSecretRef: those of the registration's that go with the launch
 * @areas: of VaFirmware: each must be able to take the table; empty: nothing is known of the firmware
 * @table: (out) (transfer full): %NULL when there are no secrets
 * Errors: VA_PROBLEM_SECRET_MISSING, _SECRET_AREA_MISSING, _SECRET_TOO_LARGE, VA_STORE_ERROR
 */
gboolean va_secret_table_make (VaStore *store, const char *owner, const VaRegistration *registration,
                               const GPtrArray *secrets, const GArray *areas, VaSecret **table, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
