/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "platform/keys.h"
#include "sev-data.h"
#include "service/decide/chain-cache.h"
#include "tee/sev/seam.h"

#define ROOT_SIZE (64 + 3 * 256) /* RSA-2048 */

typedef struct {
  VaSevRoots *roots, *none;
  guint8 certs[4][VA_SEV_CERT_SIZE]; /* PDH, PEK, OCA, CEK */
  VaChainCache *cache;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer max)
{
  fixture->roots = data_roots ();
  fixture->none = va_sev_roots_new ();
  data_naples (fixture->certs);
  fixture->cache = va_chain_cache_new (GPOINTER_TO_UINT (max));
}

static void
tear_down (Fixture *fixture, gconstpointer max)
{
  (void) max;
  va_chain_cache_free (fixture->cache);
  va_sev_roots_free (fixture->roots);
  va_sev_roots_free (fixture->none);
}

static VaTeePlatform *
read_platform (guint8 certs[4][VA_SEV_CERT_SIZE])
{
  g_autoptr(VaBlobs) claim = va_blobs_new ();

  va_blobs_add (claim, VA_SEV_CLAIM_PDH, g_bytes_new_static (certs[0], VA_SEV_CERT_SIZE));
  va_blobs_add (claim, VA_SEV_CLAIM_CERT_CHAIN, g_bytes_new_static (certs[1], 3 * VA_SEV_CERT_SIZE));
  return va_tee_sev.read_platform (claim, NULL);
}

/* Whether the fixture's certificates verify; @known: and whether that was remembered. */
static gboolean
verdict (Fixture *fixture, const VaSevRoots *roots, gboolean *known)
{
  g_autoptr(VaTeePlatform) platform = read_platform (fixture->certs);
  gboolean good;

  if (platform == NULL)
    return FALSE;
  good = va_chain_cache_verify (fixture->cache, platform, &(VaTeeRoots){ roots }, known, NULL);
  g_assert_cmpstr (platform->generation, ==, good ? "naples" : NULL);
  return good;
}

static void
test_remembers (Fixture *fixture, gconstpointer max)
{
  gboolean known;

  g_assert_true (verdict (fixture, fixture->roots, &known));
  g_assert_false (known);
  /* Without any root it could not verify: so it is the memory that answers. */
  g_assert_true (verdict (fixture, fixture->none, &known));
  g_assert_true (known);
}

/* A chain that differs in any byte is another one. */
static void
test_every_byte_counts (Fixture *fixture, gconstpointer max)
{
  gboolean known;

  g_assert_true (verdict (fixture, fixture->roots, &known));
  for (guint which = 0; which < 4; which++)
    for (guint at = 0; at < VA_SEV_CERT_SIZE; at++)
      {
        fixture->certs[which][at] ^= 1;
        g_assert_false (verdict (fixture, fixture->none, &known));
        fixture->certs[which][at] ^= 1;
      }
  g_assert_true (verdict (fixture, fixture->none, &known));
}

static void
test_failures_are_not_remembered (Fixture *fixture, gconstpointer max)
{
  gboolean known;

  g_assert_false (verdict (fixture, fixture->none, &known));
  g_assert_false (known);
  g_assert_true (verdict (fixture, fixture->roots, &known));
  g_assert_false (known);
}

/* An owner's OCA, and what his platforms are made with. */
typedef struct {
  VaRootKey *root;
  VaEcKey *oca;
  guint8 oca_cert[VA_SEV_CERT_SIZE];
  VaSevRoots *roots;
} Owner;

static void
owner_init (Owner *owner)
{
  const VaPlatform platform = { .api_major = 1, .api_minor = 51, .build = 3 };
  guint8 id[16] = { 1 }, cert[VA_PLATFORM_ROOT_MAX];
  VaAmdCert ark, ask;

  owner->root = va_root_key_new (VA_PLATFORM_NAPLES);
  owner->oca = va_ec_key_new ();
  va_ec_certificate (owner->oca, &platform, VA_USAGE_OCA, VA_ALGO_ECDSA_SHA256, owner->oca_cert);
  va_ec_sign (owner->oca, VA_USAGE_OCA, owner->oca_cert, 0);
  owner->roots = va_sev_roots_new ();
  va_root_certificate (owner->root, owner->root, id, id, VA_USAGE_ARK, cert);
  g_assert_true (va_amd_cert_parse (&ark, cert, ROOT_SIZE, NULL));
  va_root_certificate (owner->root, owner->root, id, id, VA_USAGE_ASK, cert);
  g_assert_true (va_amd_cert_parse (&ask, cert, ROOT_SIZE, NULL));
  g_assert_true (va_sev_roots_add (owner->roots, "test", &ark, &ask, TRUE, NULL));
}

static void
owner_clear (Owner *owner)
{
  va_sev_roots_free (owner->roots);
  va_ec_key_free (owner->oca);
  va_root_key_free (owner->root);
}

/* @oca: who signs the PEK */
static void
make_platform (Owner *owner, VaEcKey *oca, guint8 certs[4][VA_SEV_CERT_SIZE])
{
  const VaPlatform platform = { .api_major = 1, .api_minor = 51, .build = 3 };
  g_autoptr(VaEcKey) pdh = va_ec_key_new ();
  g_autoptr(VaEcKey) pek = va_ec_key_new ();
  g_autoptr(VaEcKey) cek = va_ec_key_new ();

  va_ec_certificate (pdh, &platform, VA_USAGE_PDH, VA_ALGO_ECDH_SHA256, certs[0]);
  va_ec_certificate (pek, &platform, VA_USAGE_PEK, VA_ALGO_ECDSA_SHA256, certs[1]);
  memcpy (certs[2], owner->oca_cert, VA_SEV_CERT_SIZE);
  va_ec_certificate (cek, &platform, VA_USAGE_CEK, VA_ALGO_ECDSA_SHA256, certs[3]);
  va_ec_sign (pek, VA_USAGE_PEK, certs[0], 0);
  va_ec_sign (oca, VA_USAGE_OCA, certs[1], 0);
  va_ec_sign (cek, VA_USAGE_CEK, certs[1], 1);
  va_root_sign_cek (owner->root, certs[3]);
}

static gboolean
accepts (VaChainCache *cache, const Owner *owner, guint8 certs[4][VA_SEV_CERT_SIZE])
{
  g_autoptr(VaTeePlatform) platform = read_platform (certs);
  gboolean known, good;

  g_assert_nonnull (platform);
  good = va_chain_cache_verify (cache, platform, &(VaTeeRoots){ owner->roots }, &known, NULL);
  g_assert_false (known);
  return good;
}

/* What an owner's second platform gets from his first is this: that his OCA signed itself. Nothing else, and no other
   OCA. */
static void
test_known_oca (void)
{
  const gsize signature = 1052; /* of the first slot: r */
  g_autoptr(VaEcKey) other = va_ec_key_new ();
  VaChainCache *cache = va_chain_cache_new (10);
  guint8 first[4][VA_SEV_CERT_SIZE], second[4][VA_SEV_CERT_SIZE], foreign[4][VA_SEV_CERT_SIZE];
  Owner owner;

  owner_init (&owner);
  make_platform (&owner, owner.oca, first);
  make_platform (&owner, owner.oca, second);
  make_platform (&owner, other, foreign);
  second[2][signature] ^= 1;
  g_assert_false (accepts (cache, &owner, second)); /* by an OCA that is not known yet */
  second[2][signature] ^= 1;
  g_assert_true (accepts (cache, &owner, first));
  second[2][signature] ^= 1;
  g_assert_false (accepts (cache, &owner, second)); /* another OCA than the known one */
  second[2][signature] ^= 1;
  for (guint which = 0; which < 4; which++)
    if (which != 2)
      {
        second[which][signature] ^= 1;
        g_assert_false (accepts (cache, &owner, second));
        second[which][signature] ^= 1;
      }
  g_assert_false (accepts (cache, &owner, foreign)); /* the known OCA, which has not signed this PEK */
  g_assert_true (accepts (cache, &owner, second));
  va_chain_cache_free (cache);
  owner_clear (&owner);
}

/* One place: what was there again and again is one entry. */
static void
test_one_place (Fixture *fixture, gconstpointer max)
{
  gboolean known;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (verdict (fixture, fixture->roots, &known));
      g_assert_cmpint (known, ==, i > 0);
    }
}

#define ADD(path, function, max) \
  g_test_add ("/chain-cache/" path, Fixture, GUINT_TO_POINTER (max), set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("remembers", test_remembers, 10);
  ADD ("every-byte-counts", test_every_byte_counts, 10);
  ADD ("failures-are-not-remembered", test_failures_are_not_remembered, 10);
  ADD ("one-place", test_one_place, 1);
  g_test_add_func ("/chain-cache/known-oca", test_known_oca);
  return g_test_run ();
}
