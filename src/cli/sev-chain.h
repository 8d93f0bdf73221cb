/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call.h"
#include "sev/chain.h"

G_BEGIN_DECLS

/**
 * va_sev_chain_require: @chain must verify, as for “sev chain”.
 * @folder: where ark.cert and ask.cert may be, or %NULL
 * @roots: folder of roots to trust, or %NULL for the installed ones
 * Returns: VA_EXIT_YES, or what to end with: it has been said why
 */
VaExit va_sev_chain_require (const VaSevChain *chain, const char *folder, const char *roots);

G_END_DECLS
