/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration-answer.h"
#include "service/service.h"

/* What a registration must be, and how its owner sees it, whether one person registers it or two. */
G_BEGIN_DECLS

/**
 * va_vm_check_usable: refuses what can be known now to make every launch fail.
 * Errors: VA_PROBLEM_ERROR, VA_STORE_ERROR
 */
gboolean va_vm_check_usable (VaService *service, const char *owner, const VaRegistration *registration, GError **error);
/**
 * va_vm_show: the answer to GET /v1/vm/{id}, as the store has it now.
 * @replaced: what was registered before, in the answer to POST; may be %NULL
 * Returns: (transfer full)
 * Errors: VA_PROBLEM_ERROR
 */
JsonObject *va_vm_show (VaService *service, const char *owner, const char *id, VaReplacedRegistration *replaced,
                        GError **error);

G_END_DECLS
