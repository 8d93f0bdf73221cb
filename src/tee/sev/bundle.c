/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/bundle.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/pasted.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"
#include "tee/sev/given.h"

#define AT_USAGE 8         /* of an SEV certificate */
#define AT_AMD_USAGE 36    /* of AMD's */
#define AT_MODULUS_BITS 60 /* of AMD's */
#define AMD_HEAD 64

static gboolean
refuse_bundle (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, "%s", message);
}

gboolean
va_sev_cek_is_signed (const VaSevCert *cek)
{
  return cek->signature[0].usage == VA_SEV_USAGE_ASK || cek->signature[1].usage == VA_SEV_USAGE_ASK;
}

/* A second CEK: that of another processor is a mistake, else the signed one counts. */
static gboolean
add_cek (VaSevCert *kept, const VaSevCert *cek, GError **error)
{
  guint8 one[32], other[32];

  va_sev_cert_key_hash (kept, one);
  va_sev_cert_key_hash (cek, other);
  if (memcmp (one, other, sizeof one) != 0)
    return refuse_bundle (error, _("this CEK belongs to a different processor than the chain: their keys differ"));
  if (va_sev_cek_is_signed (cek) && !va_sev_cek_is_signed (kept))
    *kept = *cek;
  return TRUE;
}

static gboolean
add_sev (VaSevBundle *bundle, const VaSevCert *cert, GError **error)
{
  const struct {
    VaSevUsage usage;
    VaSevCert *cert;
    gboolean *has;
  } places[] = {
    { VA_SEV_USAGE_PDH, &bundle->chain.pdh, &bundle->has_pdh },
    { VA_SEV_USAGE_PEK, &bundle->chain.pek, &bundle->has_pek },
    { VA_SEV_USAGE_OCA, &bundle->chain.oca, &bundle->has_oca },
    { VA_SEV_USAGE_CEK, &bundle->chain.cek, &bundle->has_cek },
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      if (cert->usage != places[i].usage)
        continue;
      if (*places[i].has && cert->usage == VA_SEV_USAGE_CEK)
        return add_cek (places[i].cert, cert, error);
      if (*places[i].has && memcmp (places[i].cert->raw, cert->raw, VA_SEV_CERT_SIZE) != 0)
        {
          g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                       _("this %s differs from the one that was read before: remove one of them"),
                       va_sev_usage_name (cert->usage));
          return FALSE;
        }
      *places[i].cert = *cert;
      *places[i].has = TRUE;
    }
  return TRUE;
}

static gboolean
add_amd (VaSevBundle *bundle, const VaAmdCert *cert, GError **error)
{
  gboolean is_ark = cert->usage == VA_SEV_USAGE_ARK;
  VaAmdCert *kept = is_ark ? &bundle->ark : &bundle->ask;
  gboolean *has = is_ark ? &bundle->has_ark : &bundle->has_ask;

  if (*has && (kept->size != cert->size || memcmp (kept->raw, cert->raw, cert->size) != 0))
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("this %s differs from the one that was read before: remove one of them"),
                   va_sev_usage_name (cert->usage));
      return FALSE;
    }
  *kept = *cert;
  *has = TRUE;
  return TRUE;
}

static gboolean
looks_like_sev (const guint8 *data, gsize size)
{
  guint32 usage = size >= AT_USAGE + 4 ? va_get_le32 (data + AT_USAGE) : 0;

  return usage >= VA_SEV_USAGE_OCA && usage <= VA_SEV_USAGE_CEK;
}

static gboolean
looks_like_amd (const guint8 *data, gsize size)
{
  guint32 usage;

  if (size < AMD_HEAD || va_get_le32 (data) != 1)
    return FALSE;
  usage = va_get_le32 (data + AT_AMD_USAGE);
  return usage == VA_SEV_USAGE_ARK || usage == VA_SEV_USAGE_ASK;
}

/* The certificate at the beginning of @data. Returns: its size, or 0 */
static gsize
add_first (VaSevBundle *bundle, const guint8 *data, gsize size, GError **error)
{
  g_autofree char *name = NULL;
  VaSevCert sev;
  VaAmdCert amd;
  gsize length;

  if (looks_like_sev (data, size))
    {
      length = MIN (size, VA_SEV_CERT_SIZE);
      if (va_sev_cert_parse (&sev, data, length, error))
        return add_sev (bundle, &sev, error) ? length : 0;
      g_prefix_error (error, "%s: ", va_sev_usage_name (va_get_le32 (data + AT_USAGE)));
      return 0;
    }
  if (looks_like_amd (data, size))
    {
      length = MIN (size, AMD_HEAD + 3 * ((gsize) va_get_le32 (data + AT_MODULUS_BITS) / 8));
      return va_amd_cert_parse (&amd, data, length, error) && add_amd (bundle, &amd, error) ? length : 0;
    }
  name = va_given_name (data, size);
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("expected certificates of SEV (PDH, PEK, OCA, CEK: %d bytes each, ASK, ARK); this is %s"),
               VA_SEV_CERT_SIZE, name);
  return 0;
}

static gboolean
add_certificates (VaSevBundle *bundle, const guint8 *data, gsize size, GError **error)
{
  gsize at = 0;

  if (size == 0)
    return refuse_bundle (error, _("it is empty"));
  while (at < size)
    {
      gsize length = add_first (bundle, data + at, size - at, error);

      if (length == 0)
        return FALSE;
      at += length;
    }
  return TRUE;
}

static gboolean
add_pasted_text (VaSevBundle *bundle, VaPasted *text, GError **error)
{
  VaPasted whole = *text;

  if (!va_pasted_decode (text, 0, error))
    {
      g_autofree char *name =
        g_ascii_isalnum (whole.size > 0 ? whole.data[0] : 'a') ? NULL : va_given_name (whole.data, whole.size);

      if (name != NULL)
        g_prefix_error (error, _("this is %s; expected certificates of SEV: "), name);
      return FALSE;
    }
  return add_certificates (bundle, text->data, text->size, error);
}

/* What virsh or QEMU's monitor says. The names are looked for before anything is decoded, which happens in place. */
static gboolean
add_members (VaSevBundle *bundle, const VaPasted *whole, gboolean *found, GError **error)
{
  static const char *const ids[] = { "cpu0-id", "cpu-id" };
  VaPasted id, pdh, chain;
  gboolean has_pdh = va_pasted_member (whole, "pdh", &pdh), has_chain = va_pasted_member (whole, "cert-chain", &chain);
  gboolean has_id = FALSE;

  *found = has_pdh || has_chain;
  for (guint i = 0; i < G_N_ELEMENTS (ids) && *found && !has_id; i++)
    has_id = va_pasted_member (whole, ids[i], &id);
  if (has_id && va_pasted_decode (&id, 0, NULL) && id.size <= VA_SEV_CPU_ID_MAX)
    {
      memcpy (bundle->cpu_id, id.data, id.size);
      bundle->cpu_id_size = id.size;
    }
  return (!has_pdh || add_pasted_text (bundle, &pdh, error)) && (!has_chain || add_pasted_text (bundle, &chain, error));
}

static gboolean
add_certificate (VaSevBundle *bundle, guint8 *data, gsize size, GError **error)
{
  VaPasted pasted;
  gboolean found = FALSE;

  va_pasted_open (&pasted, data, size);
  if (!pasted.is_text)
    return add_certificates (bundle, pasted.data, pasted.size, error);
  if (!va_pasted_has_armour (&pasted))
    {
      if (!add_members (bundle, &pasted, &found, error))
        return FALSE;
      return found || add_pasted_text (bundle, &pasted, error);
    }
  if (g_strstr_len ((const char *) pasted.data, (gssize) pasted.size, "PRIVATE KEY") != NULL)
    return refuse_bundle (error, _("this is a private key in PEM form; expected certificates of SEV"));
  va_pasted_strip_armour (&pasted);
  return add_pasted_text (bundle, &pasted, error);
}

gboolean
va_sev_bundle_add (VaSevBundle *bundle, guint8 *data, gsize size, const char *name, GError **error)
{
  if (add_certificate (bundle, data, size, error))
    return TRUE;
  g_prefix_error (error, "%s: ", name);
  return FALSE;
}

gboolean
va_sev_bundle_chain (const VaSevBundle *bundle, VaSevChain *chain, GError **error)
{
  const char *missing = !bundle->has_pdh ? "PDH" : !bundle->has_pek ? "PEK" : !bundle->has_oca ? "OCA" : "CEK";

  *chain = bundle->chain;
  if (bundle->has_pdh && bundle->has_pek && bundle->has_oca && bundle->has_cek)
    return TRUE;
  if (bundle->has_cek || !bundle->has_pek || !bundle->has_oca)
    g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                 _("the %s is missing: a chain has PDH, PEK, OCA and CEK, as “virsh nodesevinfo” gives them"), missing);
  else
    g_set_error_literal (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                         _("the CEK is missing: take the chain as “virsh nodesevinfo” gives it, or put the CEK that "
                           "AMD "
                           "signed beside it as cek.cert"));
  return FALSE;
}
