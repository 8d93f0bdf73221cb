/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/file.h"
#include "core/random.h"
#include "platform/keys.h"

/*
 * Many software platforms under one root of RSA-4096, as Rome and later have: the root's folder, and one file with a
 * record for each platform: PDH certificate, chain (PEK, OCA, CEK), the PDH's private key, processor id. First those
 * that one owner has taken over, under his OCA, then as many with an OCA of their own each.
 */

#define API_MINOR 51

static void
random_id (guint8 id[16])
{
  va_random_fill (id, 16);
}

static void
save (const char *folder, const char *name, const guint8 *data, gsize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  if (!va_file_write (path, data, size, 0644, &error))
    g_error ("%s", error->message);
}

/* The root's certificates; @ask is what signs each CEK. */
static VaRootKey *
make_roots (const char *folder)
{
  g_autoptr(VaRootKey) ark = va_root_key_new (VA_PLATFORM_MILAN);
  VaRootKey *ask = va_root_key_new (VA_PLATFORM_MILAN);
  guint8 ark_id[16], ask_id[16], cert[VA_PLATFORM_ROOT_MAX];
  gsize size = 64 + 3 * va_platform_rsa_size (VA_PLATFORM_MILAN);

  random_id (ark_id);
  random_id (ask_id);
  va_root_certificate (ark, ark, ark_id, ark_id, VA_USAGE_ARK, cert);
  save (folder, "ark.cert", cert, size);
  va_root_certificate (ask, ark, ask_id, ark_id, VA_USAGE_ASK, cert);
  save (folder, "ask.cert", cert, size);
  return ask;
}

static VaEcKey *
make_oca (const VaPlatform *platform, guint8 cert[VA_PLATFORM_CERT_SIZE])
{
  VaEcKey *oca = va_ec_key_new ();

  va_ec_certificate (oca, platform, VA_USAGE_OCA, VA_ALGO_ECDSA_SHA256, cert);
  va_ec_sign (oca, VA_USAGE_OCA, cert, 0);
  return oca;
}

static void
make_platform (VaRootKey *ask, VaEcKey *oca, const guint8 *oca_cert, VaPlatform *platform)
{
  g_autoptr(VaEcKey) cek = va_ec_key_new ();
  g_autoptr(VaEcKey) pek = va_ec_key_new ();
  g_autoptr(VaEcKey) pdh = va_ec_key_new ();
  guint8 *pek_cert = platform->chain, *cek_cert = pek_cert + 2 * VA_PLATFORM_CERT_SIZE;

  va_random_fill (platform->cpu_id, sizeof platform->cpu_id);
  va_ec_key_private (pdh, platform->pdh_key);
  va_ec_certificate (pdh, platform, VA_USAGE_PDH, VA_ALGO_ECDH_SHA256, platform->pdh);
  va_ec_certificate (pek, platform, VA_USAGE_PEK, VA_ALGO_ECDSA_SHA256, pek_cert);
  memcpy (pek_cert + VA_PLATFORM_CERT_SIZE, oca_cert, VA_PLATFORM_CERT_SIZE);
  va_ec_certificate (cek, platform, VA_USAGE_CEK, VA_ALGO_ECDSA_SHA256, cek_cert);
  va_ec_sign (pek, VA_USAGE_PEK, platform->pdh, 0);
  va_ec_sign (oca, VA_USAGE_OCA, pek_cert, 0);
  va_ec_sign (cek, VA_USAGE_CEK, pek_cert, 1);
  va_root_sign_cek (ask, cek_cert);
}

static void
write_all (FILE *out, gconstpointer data, gsize size)
{
  if (fwrite (data, 1, size, out) != size)
    g_error ("cannot write the platforms: %s", g_strerror (errno));
}

/* @owner: whether one OCA is that of all. */
static void
make_platforms (VaRootKey *ask, gboolean owner, long count, FILE *out)
{
  VaPlatform platform = { .api_major = 1, .api_minor = API_MINOR, .build = 3 };
  g_autoptr(VaEcKey) oca = NULL;
  guint8 oca_cert[VA_PLATFORM_CERT_SIZE];

  for (long i = 0; i < count; i++)
    {
      if (oca == NULL || !owner)
        {
          g_clear_pointer (&oca, va_ec_key_free);
          oca = make_oca (&platform, oca_cert);
        }
      make_platform (ask, oca, oca_cert, &platform);
      write_all (out, platform.pdh, sizeof platform.pdh);
      write_all (out, platform.chain, sizeof platform.chain);
      write_all (out, platform.pdh_key, sizeof platform.pdh_key);
      write_all (out, platform.cpu_id, sizeof platform.cpu_id);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr(VaRootKey) ask = NULL;
  long count = argc == 4 ? strtol (argv[2], NULL, 10) : 0;
  FILE *out;

  if (count < 1 || count > 100000)
    {
      fprintf (stderr, "usage: bench-platforms FOLDER-FOR-THE-ROOT NUMBER FILE\n");
      return 2;
    }
  out = fopen (argv[3], "wbe");
  if (out == NULL)
    g_error ("cannot write %s: %s", argv[3], g_strerror (errno));
  ask = make_roots (argv[1]);
  make_platforms (ask, TRUE, count, out);
  make_platforms (ask, FALSE, count, out);
  if (fclose (out) != 0)
    g_error ("cannot write %s: %s", argv[3], g_strerror (errno));
  return 0;
}
