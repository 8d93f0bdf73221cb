/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/generate.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/random.h"
#include "platform/keys.h"

#define AT_ID 4

/* New root keys under the given ids, and the CEK signed by them. */
static void
make_roots (VaPlatformFolder *folder, const guint8 ark_id[16], const guint8 ask_id[16])
{
  g_autoptr(VaRootKey) ark = va_root_key_new (folder->generation);
  g_autoptr(VaRootKey) ask = va_root_key_new (folder->generation);

  folder->root_size = 64 + 3 * va_platform_rsa_size (folder->generation);
  va_root_certificate (ark, ark, ark_id, ark_id, VA_USAGE_ARK, folder->ark);
  va_root_certificate (ask, ark, ask_id, ark_id, VA_USAGE_ASK, folder->ask);
  va_root_sign_cek (ask, VA_PLATFORM_CEK (folder));
}

void
va_platform_generate (VaPlatformFolder *folder)
{
  VaPlatform *platform = &folder->platform;
  g_autoptr(VaEcKey) cek = va_ec_key_new ();
  g_autoptr(VaEcKey) oca = va_ec_key_new ();
  g_autoptr(VaEcKey) pek = va_ec_key_new ();
  g_autoptr(VaEcKey) pdh = va_ec_key_new ();
  guint8 ark_id[16], ask_id[16];

  va_random_fill (ark_id, sizeof ark_id);
  va_random_fill (ask_id, sizeof ask_id);
  va_random_fill (platform->cpu_id, sizeof platform->cpu_id);
  va_ec_key_private (pdh, platform->pdh_key);
  va_ec_certificate (pdh, platform, VA_USAGE_PDH, VA_ALGO_ECDH_SHA256, platform->pdh);
  va_ec_certificate (pek, platform, VA_USAGE_PEK, VA_ALGO_ECDSA_SHA256, VA_PLATFORM_PEK (folder));
  va_ec_certificate (oca, platform, VA_USAGE_OCA, VA_ALGO_ECDSA_SHA256, VA_PLATFORM_OCA (folder));
  va_ec_certificate (cek, platform, VA_USAGE_CEK, VA_ALGO_ECDSA_SHA256, VA_PLATFORM_CEK (folder));
  va_ec_sign (pek, VA_USAGE_PEK, platform->pdh, 0);
  va_ec_sign (oca, VA_USAGE_OCA, VA_PLATFORM_PEK (folder), 0);
  va_ec_sign (cek, VA_USAGE_CEK, VA_PLATFORM_PEK (folder), 1);
  va_ec_sign (oca, VA_USAGE_OCA, VA_PLATFORM_OCA (folder), 0);
  make_roots (folder, ark_id, ask_id);
}

/* A signature's bytes begin behind usage and algorithm; the sixth is in the middle of no length or padding. */
static void
flip (guint8 *slot)
{
  slot[8 + 5] ^= 0x40;
}

static void
flip_root (VaPlatformFolder *folder, guint8 *root)
{
  root[64 + 2 * va_platform_rsa_size (folder->generation) + 5] ^= 0x40;
}

static void
tamper_ark (VaPlatformFolder *folder)
{
  flip_root (folder, folder->ark);
}

static void
tamper_ask (VaPlatformFolder *folder)
{
  flip_root (folder, folder->ask);
}

static void
tamper_cek (VaPlatformFolder *folder)
{
  flip (va_cert_signature (VA_PLATFORM_CEK (folder), 0));
}

static void
tamper_oca (VaPlatformFolder *folder)
{
  flip (va_cert_signature (VA_PLATFORM_OCA (folder), 0));
}

static void
tamper_pek_by_oca (VaPlatformFolder *folder)
{
  flip (va_cert_signature (VA_PLATFORM_PEK (folder), 0));
}

static void
tamper_pek_by_cek (VaPlatformFolder *folder)
{
  flip (va_cert_signature (VA_PLATFORM_PEK (folder), 1));
}

static void
tamper_pek (VaPlatformFolder *folder)
{
  tamper_pek_by_oca (folder);
  tamper_pek_by_cek (folder);
}

static void
tamper_pdh (VaPlatformFolder *folder)
{
  flip (va_cert_signature (folder->platform.pdh, 0));
}

/* Another PDH key that works, in the certificate that the PEK has signed for the old one. */
static void
tamper_pdh_key (VaPlatformFolder *folder)
{
  g_autoptr(VaEcKey) other = va_ec_key_new ();
  guint8 cert[VA_PLATFORM_CERT_SIZE];

  va_ec_certificate (other, &folder->platform, VA_USAGE_PDH, VA_ALGO_ECDH_SHA256, cert);
  memcpy (folder->platform.pdh, cert, 1044);
  va_ec_key_private (other, folder->platform.pdh_key);
}

static void
tamper_foreign_root (VaPlatformFolder *folder)
{
  guint8 ark_id[16], ask_id[16];

  memcpy (ark_id, folder->ark + AT_ID, sizeof ark_id);
  memcpy (ask_id, folder->ask + AT_ID, sizeof ask_id);
  make_roots (folder, ark_id, ask_id);
}

static void
tamper_cpu_id (VaPlatformFolder *folder)
{
  va_random_fill (folder->platform.cpu_id, sizeof folder->platform.cpu_id);
}

static const struct {
  const char *name;
  void (*tamper) (VaPlatformFolder *);
} ways[] = {
  { "ark", tamper_ark },
  { "ask", tamper_ask },
  { "cek", tamper_cek },
  { "oca", tamper_oca },
  { "pek", tamper_pek },
  { "pek-by-oca", tamper_pek_by_oca },
  { "pek-by-cek", tamper_pek_by_cek },
  { "pdh", tamper_pdh },
  { "pdh-key", tamper_pdh_key },
  { "foreign-root", tamper_foreign_root },
  { "cpu-id", tamper_cpu_id },
};

const char *const *
va_platform_tamper_names (void)
{
  static const char *names[G_N_ELEMENTS (ways) + 1];

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    names[i] = ways[i].name;
  return names;
}

gboolean
va_platform_tamper (VaPlatformFolder *folder, const char *what, GError **error)
{
  g_autofree char *known = g_strjoinv (", ", (char **) va_platform_tamper_names ());

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    if (strcmp (ways[i].name, what) == 0)
      {
        ways[i].tamper (folder);
        return TRUE;
      }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("cannot tamper with “%s”: expected one of %s"), what,
               known);
  return FALSE;
}
