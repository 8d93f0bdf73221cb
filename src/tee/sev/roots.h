/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/chain.h"

G_BEGIN_DECLS

/**
 * va_sev_roots_find_signer: the name of the generation whose ASK signed @cek, or %NULL. Every ASK in @roots was
 * verified under a trusted ARK when it was added.
 */
const char *va_sev_roots_find_signer (const VaSevRoots *roots, const VaSevCert *cek);

G_END_DECLS
