/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/peer-chain.h"

G_BEGIN_DECLS

/** The certificate revocation lists (RFC 5280) of a file: of the CA, and of CAs below it. */
typedef struct _VaCrls VaCrls;
/**
 * va_crls_read:
 * @path: PEM, one list or several. One that bears the name of a CA in @ca must be signed by it; any other one counts
 *   below the CA that it is of, and is verified with that one's certificate when a peer shows it
 * @ca: PEM text of the CAs
 * Errors: VA_CORE_ERROR, naming the file
 */
VaCrls *va_crls_read (const char *path, const char *ca, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_crls_free (VaCrls *crls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaCrls, va_crls_free)
/**
 * va_crls_revoke: whether any certificate of @chain is in the list of its issuer; also when that cannot be found out.
 */
gboolean va_crls_revoke (const VaCrls *crls, const VaPeerChain *chain);
/** va_crls_size: how many certificates they name. */
guint va_crls_size (const VaCrls *crls);

G_END_DECLS
