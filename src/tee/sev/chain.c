/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/chain.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/error.h"
#include "tee/sev/roots.h"

static gboolean
parse_member (VaSevCert *cert, VaSevUsage usage, const guint8 *data, gsize size, GError **error)
{
  if (!va_sev_cert_parse (cert, data, size, error))
    {
      g_prefix_error (error, "%s: ", va_sev_usage_name (usage));
      return FALSE;
    }
  if (cert->usage == usage)
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("expected the %s certificate, but found that of a %s"),
               va_sev_usage_name (usage), va_sev_usage_name (cert->usage));
  return FALSE;
}

gboolean
va_sev_chain_parse (VaSevChain *chain, gconstpointer pdh, gsize pdh_size, gconstpointer cert_chain,
                    gsize cert_chain_size, GError **error)
{
  const guint8 *certs = cert_chain;

  memset (chain, 0, sizeof *chain);
  if (!parse_member (&chain->pdh, VA_SEV_USAGE_PDH, pdh, pdh_size, error))
    return FALSE;
  if (cert_chain_size != 3 * VA_SEV_CERT_SIZE)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("a certificate chain of PEK, OCA and CEK must have %d bytes, but has %zu"), 3 * VA_SEV_CERT_SIZE,
                   cert_chain_size);
      return FALSE;
    }
  return parse_member (&chain->pek, VA_SEV_USAGE_PEK, certs, VA_SEV_CERT_SIZE, error)
         && parse_member (&chain->oca, VA_SEV_USAGE_OCA, certs + VA_SEV_CERT_SIZE, VA_SEV_CERT_SIZE, error)
         && parse_member (&chain->cek, VA_SEV_USAGE_CEK, certs + 2 * VA_SEV_CERT_SIZE, VA_SEV_CERT_SIZE, error);
}

/* Slots are not signed, so those that no link needs must be empty: nothing in a chain goes unchecked. */
static gboolean
signers_are (const VaSevCert *cert, guint32 a, guint32 b)
{
  guint32 first = cert->signature[0].usage, second = cert->signature[1].usage;

  return (first == a && second == b) || (first == b && second == a);
}

static gboolean
refuse_chain (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, "%s", message);
}

gboolean
va_sev_chain_verify_below_cek (const VaSevChain *chain)
{
  return va_sev_verify_ec (&chain->oca, &chain->oca) && va_sev_verify_ec (&chain->cek, &chain->pek)
         && va_sev_verify_ec (&chain->oca, &chain->pek) && va_sev_verify_ec (&chain->pek, &chain->pdh);
}

static gboolean
verify_to_root (const VaSevChain *chain, gboolean oca_known, const VaSevRoots *roots, const char **generation,
                GError **error)
{
  const char *name;

  if (generation != NULL)
    *generation = NULL;
  if (signers_are (&chain->cek, VA_SEV_USAGE_INVALID, VA_SEV_USAGE_INVALID))
    return refuse_chain (error, _("the CEK carries no signature: fetch the signed CEK of this processor from AMD's key "
                                  "distribution server by its processor id"));
  if (!signers_are (&chain->cek, VA_SEV_USAGE_ASK, VA_SEV_USAGE_INVALID))
    return refuse_chain (error, _("the CEK must be signed by the ASK and by no other key"));
  name = va_sev_roots_find_signer (roots, &chain->cek);
  if (name == NULL)
    return refuse_chain (error, _("the CEK is not signed by the ASK of any known generation"));
  if (!signers_are (&chain->oca, VA_SEV_USAGE_OCA, VA_SEV_USAGE_INVALID)
      || (!oca_known && !va_sev_verify_ec (&chain->oca, &chain->oca)))
    return refuse_chain (error, _("the OCA is not self-signed"));
  if (!signers_are (&chain->pek, VA_SEV_USAGE_OCA, VA_SEV_USAGE_CEK) || !va_sev_verify_ec (&chain->cek, &chain->pek))
    return refuse_chain (error, _("the PEK is not signed by the CEK"));
  if (!va_sev_verify_ec (&chain->oca, &chain->pek))
    return refuse_chain (error, _("the PEK is not signed by the OCA"));
  if (!signers_are (&chain->pdh, VA_SEV_USAGE_PEK, VA_SEV_USAGE_INVALID)
      || !va_sev_verify_ec (&chain->pek, &chain->pdh))
    return refuse_chain (error, _("the PDH is not signed by the PEK"));
  if (generation != NULL)
    *generation = name;
  return TRUE;
}

gboolean
va_sev_chain_verify (const VaSevChain *chain, const VaSevRoots *roots, const char **generation, GError **error)
{
  return verify_to_root (chain, FALSE, roots, generation, error);
}

gboolean
va_sev_chain_verify_but_oca (const VaSevChain *chain, const VaSevRoots *roots, const char **generation, GError **error)
{
  return verify_to_root (chain, TRUE, roots, generation, error);
}
