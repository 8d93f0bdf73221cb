/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"

/**
 * va_vm_ask_all: the owner's registrations, from as many pages as there are.
 * Returns: (transfer full): or %NULL with @error set
 * Errors: those of va_call_ask(); VA_CORE_ERROR_PEER when the pages do not go forward
 */
JsonArray *va_vm_ask_all (VaCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
