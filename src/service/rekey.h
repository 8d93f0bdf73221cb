/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

G_BEGIN_DECLS

/* AES-256-GCM with random nonces: at 2^32 values under one key a nonce repeats with a probability of 2^-33. */
#define VA_SEALS_MAX (G_GUINT64_CONSTANT (1) << 31)

/**
 * va_service_rekey: gives the store a new data key, and seals everything under it, once VA_SEALS_MAX values were
 * sealed under the present one; as “virt-attest service rekey” does. What goes wrong is logged, and tried again the
 * next time.
 */
void va_service_rekey (VaService *service);

G_END_DECLS
