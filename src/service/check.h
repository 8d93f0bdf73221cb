/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/config-file.h"

/* virt-attestd --check-config: everything that a start reads, without making or changing anything. */
G_BEGIN_DECLS

/**
 * va_check_become_service: as root, goes on as the user that the service runs as, since that one must be able to read
 * and write everything: the owner of the store's directory, or of @is_default (its own configuration) VA_SERVICE_USER.
 * For good.
 * Errors: VA_CORE_ERROR
 */
gboolean va_check_become_service (const VaConfig *config, gboolean is_default, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
#define VA_SERVICE_USER "virt-attest"

/**
 * va_service_check_config: all that is wrong, and not the first mistake alone. What will be wrong soon is logged as a
 * warning.
 * @problems: of GError, which are added
 */
void va_service_check_config (const VaConfig *config, GPtrArray *problems);

G_END_DECLS
