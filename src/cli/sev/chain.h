/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"
#include "tee/sev/bundle.h"

G_BEGIN_DECLS

/**
 * va_sev_chain_require: the chain in @bundle must verify, as for “sev chain”.
 * @roots: directory of roots to trust, or %NULL for the chain's own if it is one of AMD's, or the installed ones
 * Returns: VA_EXIT_YES, or what to end with: it has been said why
 */
VaExit va_sev_chain_require (const VaSevBundle *bundle, const char *roots);

G_END_DECLS
