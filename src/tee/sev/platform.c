/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/platform.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/error.h"
#include "tee/sev/seam.h"

typedef struct {
  VaTeePlatform parent;
  VaSevChain chain;
} SevPlatform;

static void
take_facts (SevPlatform *platform)
{
  const VaSevChain *chain = &platform->chain;

  platform->parent.api_major = chain->pdh.api_major;
  platform->parent.api_minor = chain->pdh.api_minor;
  va_sev_cert_key_hash (&chain->cek, platform->parent.chip);
}

VaTeePlatform *
va_sev_platform_read (const VaTee *tee, const VaBlobs *claim, GError **error)
{
  GBytes *pdh = va_blobs_get (claim, VA_SEV_CLAIM_PDH), *rest = va_blobs_get (claim, VA_SEV_CLAIM_CERT_CHAIN);
  g_autofree SevPlatform *platform = g_new0 (SevPlatform, 1);

  platform->parent.tee = tee;
  if (!va_sev_chain_parse (&platform->chain, pdh != NULL ? g_bytes_get_data (pdh, NULL) : NULL,
                           pdh != NULL ? g_bytes_get_size (pdh) : 0,
                           rest != NULL ? g_bytes_get_data (rest, NULL) : NULL,
                           rest != NULL ? g_bytes_get_size (rest) : 0, error))
    return NULL;
  take_facts (platform);
  return &g_steal_pointer (&platform)->parent;
}

void
va_sev_platform_free (VaTeePlatform *platform)
{
  g_free (platform);
}

const VaSevChain *
va_sev_platform_chain (const VaTeePlatform *platform)
{
  return &((const SevPlatform *) platform)->chain;
}

void
va_sev_platform_set_chain (VaTeePlatform *parent, const VaSevChain *chain, const char *generation)
{
  SevPlatform *platform = (SevPlatform *) parent;

  platform->chain = *chain;
  take_facts (platform);
  parent->generation = generation;
}

/* Of every byte of each certificate, signatures included. */
void
va_sev_platform_hash (const VaTeePlatform *platform, guint8 all[VA_SHA256_SIZE], guint8 part[VA_SHA256_SIZE])
{
  const VaSevChain *chain = va_sev_platform_chain (platform);
  g_autofree guint8 *bytes = NULL;

  if (part != NULL)
    va_sha256 (chain->oca.raw, VA_SEV_CERT_SIZE, part);
  if (all == NULL)
    return;
  bytes = g_malloc (4 * VA_SEV_CERT_SIZE);
  memcpy (bytes, chain->pdh.raw, VA_SEV_CERT_SIZE);
  memcpy (bytes + VA_SEV_CERT_SIZE, chain->pek.raw, VA_SEV_CERT_SIZE);
  memcpy (bytes + 2 * VA_SEV_CERT_SIZE, chain->oca.raw, VA_SEV_CERT_SIZE);
  memcpy (bytes + 3 * VA_SEV_CERT_SIZE, chain->cek.raw, VA_SEV_CERT_SIZE);
  va_sha256 (bytes, 4 * VA_SEV_CERT_SIZE, all);
}

gboolean
va_sev_platform_verify (VaTeePlatform *platform, const VaTeeRoots *roots, gboolean part_is_known, GError **error)
{
  const VaSevChain *chain = va_sev_platform_chain (platform);
  const char **generation = &platform->generation;

  return part_is_known ? va_sev_chain_verify_but_oca (chain, roots->sev, generation, error)
                       : va_sev_chain_verify (chain, roots->sev, generation, error);
}

/* Whether everything below the CEK verifies, so that it is AMD's signature on the CEK that is not known. */
gboolean
va_sev_platform_lacks_root_only (const VaTeePlatform *platform)
{
  const VaSevChain *chain = va_sev_platform_chain (platform);
  gboolean signed_by_ask = chain->cek.signature[0].usage == VA_SEV_USAGE_ASK
                           || chain->cek.signature[1].usage == VA_SEV_USAGE_ASK;

  return signed_by_ask && va_sev_chain_verify_below_cek (chain);
}

gboolean
va_sev_platform_check_owner (GBytes *certificate, GError **error)
{
  VaSevCert cert;

  if (!va_sev_cert_parse (&cert, g_bytes_get_data (certificate, NULL), g_bytes_get_size (certificate), error))
    return FALSE;
  return cert.usage == VA_SEV_USAGE_OCA
         || va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("expected an OCA certificate, this one is a %s"),
                          va_sev_usage_name (cert.usage));
}

gboolean
va_sev_platform_has_owner (const VaTeePlatform *platform, GBytes *certificate, gboolean *same, GError **error)
{
  const VaSevPoint *oca = &va_sev_platform_chain (platform)->oca.key;
  VaSevCert registered;

  if (!va_sev_cert_parse (&registered, g_bytes_get_data (certificate, NULL), g_bytes_get_size (certificate), error))
    return FALSE;
  *same = va_bytes_equal (registered.key.x, oca->x, VA_SEV_EC_SIZE)
          && va_bytes_equal (registered.key.y, oca->y, VA_SEV_EC_SIZE);
  return TRUE;
}
