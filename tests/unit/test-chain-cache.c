/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "sev-data.h"
#include "service/chain-cache.h"

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

/* Whether the fixture's certificates verify; @known: and whether that was remembered. */
static gboolean
verdict (Fixture *fixture, const VaSevRoots *roots, gboolean *known)
{
  VaSevChain chain;
  const char *generation;
  gboolean good;

  if (!va_sev_chain_parse (&chain, fixture->certs[0], VA_SEV_CERT_SIZE, fixture->certs[1], 3 * VA_SEV_CERT_SIZE, NULL))
    return FALSE;
  good = va_chain_cache_verify (fixture->cache, &chain, roots, &generation, known, NULL);
  g_assert_cmpstr (generation, ==, good ? "naples" : NULL);
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
  return g_test_run ();
}
