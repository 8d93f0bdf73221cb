/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/document.h"

/* What OpenStack Nova writes into the metadata of the domains that it makes. For src/domain alone. */
G_BEGIN_DECLS

/**
 * va_nova_read: Nova's metadata in @tree; %NULL when there is none, or more than one element of it.
 * Returns: (transfer full)
 */
VaDomainNova *va_nova_read (const VaXmlTree *tree);
void va_nova_free (VaDomainNova *nova);

G_END_DECLS
