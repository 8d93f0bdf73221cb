/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_POLICY_NODBG (1u << 0)
#define VA_POLICY_NOKS (1u << 1)
#define VA_POLICY_ES (1u << 2)
#define VA_POLICY_NOSEND (1u << 3)
#define VA_POLICY_DOMAIN (1u << 4)
#define VA_POLICY_SEV (1u << 5)

G_END_DECLS
