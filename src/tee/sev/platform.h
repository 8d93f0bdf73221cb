/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/chain.h"
#include "tee/tee.h"

/*
 * A platform of SEV or SEV-ES. va_sev_platform_read, va_sev_platform_hash, va_sev_platform_verify,
 * va_sev_platform_lacks_root_only, va_sev_platform_check_owner, va_sev_platform_has_owner: the functions of VaTee that
 * are about it, as tee/tee.h describes them.
 */
G_BEGIN_DECLS

VaTeePlatform *va_sev_platform_read (const VaTee *tee, const VaBlobs *claim, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_sev_platform_hash (const VaTeePlatform *platform, guint8 all[VA_SHA256_SIZE], guint8 part[VA_SHA256_SIZE]);
gboolean va_sev_platform_verify (VaTeePlatform *platform, const VaTeeRoots *roots, gboolean part_is_known,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean va_sev_platform_lacks_root_only (const VaTeePlatform *platform);
gboolean va_sev_platform_check_owner (GBytes *certificate, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean va_sev_platform_has_owner (const VaTeePlatform *platform, GBytes *certificate, gboolean *same, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
void va_sev_platform_free (VaTeePlatform *platform);

/** va_sev_platform_chain: its certificates. Owned by @platform. */
const VaSevChain *va_sev_platform_chain (const VaTeePlatform *platform);
/**
 * va_sev_platform_set_chain: @chain, which has verified under the roots called @generation, takes the place of its
 * certificates: its CEK has the signature that the platform's own lacked.
 */
void va_sev_platform_set_chain (VaTeePlatform *platform, const VaSevChain *chain, const char *generation);

G_END_DECLS
