/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "sev-data.h"
#include "tee/sev/error.h"

enum { PDH, PEK, OCA, CEK };

typedef struct {
  guint8 certs[4][VA_SEV_CERT_SIZE]; /* PDH, PEK, OCA, CEK */
} Raw;

static void
load (Raw *raw)
{
  data_naples (raw->certs);
}

static gboolean
verdict (const Raw *raw, const VaSevRoots *roots, GError **error)
{
  VaSevChain chain;
  const char *generation = "untouched";
  gboolean good;

  if (!va_sev_chain_parse (&chain, raw->certs[PDH], VA_SEV_CERT_SIZE, raw->certs[PEK], 3 * VA_SEV_CERT_SIZE, error))
    return FALSE;
  good = va_sev_chain_verify (&chain, roots, &generation, error);
  g_assert_cmpstr (generation, ==, good ? "naples" : NULL);
  return good;
}

static void
assert_refused (const Raw *raw, const VaSevRoots *roots, int code, const char *saying)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (verdict (raw, roots, &error));
  g_assert_error (error, VA_SEV_ERROR, code);
  if (strstr (error->message, saying) == NULL)
    g_error ("“%s” does not say “%s”", error->message, saying);
}

static void
test_real (void)
{
  g_autoptr(VaSevRoots) roots = data_roots ();
  g_autoptr(GError) error = NULL;
  Raw raw;

  load (&raw);
  g_assert_cmpuint (va_sev_roots_count (roots), ==, 5);
  g_assert_true (verdict (&raw, roots, &error));
  g_assert_no_error (error);
}

/* Every byte of every certificate counts, the unsigned ones too: none may change. */
static void
test_refuses_flips (void)
{
  g_autoptr(VaSevRoots) roots = data_roots ();
  Raw raw;

  load (&raw);
  for (guint which = PDH; which <= CEK; which++)
    for (guint at = 0; at < VA_SEV_CERT_SIZE; at++)
      {
        g_autoptr(GError) error = NULL;
        guint8 flip = (guint8) (1 << at % 8);

        raw.certs[which][at] ^= flip;
        if (verdict (&raw, roots, &error))
          g_error ("byte %u of certificate %u does not count", at, which);
        g_assert_nonnull (error);
        raw.certs[which][at] ^= flip;
      }
  g_assert_true (verdict (&raw, roots, NULL));
}

static void
test_names_links (void)
{
  static const struct {
    guint which, at;
    const char *saying;
  } links[] = {
    { PDH, 1052, "PDH is not signed by the PEK" }, { PDH, 5, "PDH is not signed by the PEK" },
    { PEK, 1052, "PEK is not signed by the OCA" }, { PEK, 1572, "PEK is not signed by the CEK" },
    { OCA, 1052, "OCA is not self-signed" },       { OCA, 5, "OCA is not self-signed" },
    { CEK, 1052, "CEK is not signed by the ASK" }, { CEK, 5, "CEK is not signed by the ASK" },
  };
  g_autoptr(VaSevRoots) roots = data_roots ();
  Raw raw;

  load (&raw);
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      raw.certs[links[i].which][links[i].at] ^= 1;
      assert_refused (&raw, roots, VA_SEV_ERROR_SIGNATURE, links[i].saying);
      raw.certs[links[i].which][links[i].at] ^= 1;
    }
}

static void
test_refuses_no_roots (void)
{
  g_autoptr(VaSevRoots) none = va_sev_roots_new ();
  g_autoptr(VaSevRoots) others = va_sev_roots_new ();
  Raw raw;

  load (&raw);
  assert_refused (&raw, none, VA_SEV_ERROR_SIGNATURE, "any known generation");
  for (guint i = 1; data_generations[i] != NULL; i++)
    {
      VaAmdCert ark, ask;

      data_amd_cert (&ark, data_generations[i], "ark");
      data_amd_cert (&ask, data_generations[i], "ask");
      g_assert_true (va_sev_roots_add (others, data_generations[i], &ark, &ask, FALSE, NULL));
    }
  assert_refused (&raw, others, VA_SEV_ERROR_SIGNATURE, "any known generation");
}

static void
test_refuses_order_and_sizes (void)
{
  static const gsize sizes[] = { 0,
                                 1,
                                 VA_SEV_CERT_SIZE,
                                 2 * VA_SEV_CERT_SIZE,
                                 3 * VA_SEV_CERT_SIZE - 1,
                                 3 * VA_SEV_CERT_SIZE + 1,
                                 4 * VA_SEV_CERT_SIZE };
  g_autoptr(VaSevRoots) roots = data_roots ();
  g_autofree guint8 *larger = g_malloc0 (8 * VA_SEV_CERT_SIZE);
  VaSevChain chain;
  Raw raw, mixed;

  load (&raw);
  for (guint a = PDH; a <= CEK; a++)
    for (guint b = a + 1; b <= CEK; b++)
      {
        mixed = raw;
        memcpy (mixed.certs[a], raw.certs[b], VA_SEV_CERT_SIZE);
        memcpy (mixed.certs[b], raw.certs[a], VA_SEV_CERT_SIZE);
        assert_refused (&mixed, roots, VA_SEV_ERROR_FORMAT, "but found that of");
      }
  memcpy (larger, raw.certs[PEK], 3 * VA_SEV_CERT_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (va_sev_chain_parse (&chain, raw.certs[PDH], VA_SEV_CERT_SIZE, larger, sizes[i], &error));
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
    }
  /* peers take a PDH that is cut, or has more behind it */
  for (gsize size = 0; size <= VA_SEV_CERT_SIZE + 100; size++)
    if (size != VA_SEV_CERT_SIZE)
      {
        memset (larger, 0, 2 * VA_SEV_CERT_SIZE);
        memcpy (larger, raw.certs[PDH], VA_SEV_CERT_SIZE);
        g_assert_false (va_sev_chain_parse (&chain, larger, size, raw.certs[PEK], 3 * VA_SEV_CERT_SIZE, NULL));
      }
}

static void
test_refuses_unsigned_cek (void)
{
  g_autoptr(VaSevRoots) roots = data_roots ();
  Raw raw;

  load (&raw);
  memset (raw.certs[CEK] + VA_SEV_CERT_SIGNED_SIZE, 0, 520);
  raw.certs[CEK][VA_SEV_CERT_SIGNED_SIZE + 1] = 0x10; /* usage 0x1000: empty */
  assert_refused (&raw, roots, VA_SEV_ERROR_SIGNATURE, "carries no signature");
}

/* Slots in the other order mean the same. */
static void
test_slot_order (void)
{
  g_autoptr(VaSevRoots) roots = data_roots ();
  guint8 first[520];
  Raw raw;

  load (&raw);
  for (guint which = PDH; which <= CEK; which++)
    {
      guint8 *slots = raw.certs[which] + VA_SEV_CERT_SIGNED_SIZE;

      memcpy (first, slots, 520);
      memmove (slots, slots + 520, 520);
      memcpy (slots + 520, first, 520);
    }
  g_assert_true (verdict (&raw, roots, NULL));
}

/* One signature in both slots, or an old one beside the needed one, goes through no link: refused. */
static void
test_refuses_spare_signatures (void)
{
  static const char *const saying[] = { "PDH is not signed", "PEK is not signed", "OCA is not self-signed",
                                        "CEK must be signed" };
  g_autoptr(VaSevRoots) roots = data_roots ();
  Raw raw, good;

  load (&good);
  for (guint which = PDH; which <= CEK; which++)
    {
      guint8 *slots;

      raw = good;
      slots = raw.certs[which] + VA_SEV_CERT_SIGNED_SIZE;
      memcpy (slots + 520, slots, 520);
      assert_refused (&raw, roots, VA_SEV_ERROR_SIGNATURE, saying[which]);
    }
}

static void
test_roots_flips (void)
{
  static const char *const generations[] = { "naples", "milan" };

  for (guint g = 0; g < G_N_ELEMENTS (generations); g++)
    {
      VaAmdCert ark, ask;

      data_amd_cert (&ark, generations[g], "ark");
      data_amd_cert (&ask, generations[g], "ask");
      for (gsize at = 0; at < ark.size; at++)
        for (guint which = 0; which < 2; which++)
          {
            g_autoptr(VaSevRoots) roots = va_sev_roots_new ();
            VaAmdCert bad;
            guint8 raw[VA_AMD_CERT_MAX];

            memcpy (raw, which == 0 ? ark.raw : ask.raw, ark.size);
            raw[at] ^= (guint8) (1 << at % 8);
            if (!va_amd_cert_parse (&bad, raw, ark.size, NULL))
              continue;
            /* also with trust: a flipped self-signature is never taken, whoever trusts the key */
            g_assert_false (va_sev_roots_add (roots, "bad", which == 0 ? &bad : &ark, which == 0 ? &ask : &bad, TRUE,
                                              NULL));
            g_assert_cmpuint (va_sev_roots_count (roots), ==, 0);
          }
    }
}

static void
test_roots_mixed (void)
{
  for (guint a = 0; data_generations[a] != NULL; a++)
    for (guint b = 0; data_generations[b] != NULL; b++)
      {
        g_autoptr(VaSevRoots) roots = va_sev_roots_new ();
        g_autoptr(GError) error = NULL;
        VaAmdCert ark, ask;

        data_amd_cert (&ark, data_generations[a], "ark");
        data_amd_cert (&ask, data_generations[b], "ask");
        g_assert_cmpint (va_sev_roots_add (roots, "mixed", &ark, &ask, TRUE, &error), ==, a == b);
        if (a != b)
          {
            g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE);
            g_assert_nonnull (strstr (error->message, "ASK is not signed by the ARK"));
          }
        g_clear_error (&error);
        g_assert_false (va_sev_roots_add (roots, "swapped", &ask, &ark, TRUE, &error));
        g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/chain/real", test_real);
  g_test_add_func ("/sev/chain/refuses-flips", test_refuses_flips);
  g_test_add_func ("/sev/chain/names-links", test_names_links);
  g_test_add_func ("/sev/chain/refuses-no-roots", test_refuses_no_roots);
  g_test_add_func ("/sev/chain/refuses-order-and-sizes", test_refuses_order_and_sizes);
  g_test_add_func ("/sev/chain/refuses-unsigned-cek", test_refuses_unsigned_cek);
  g_test_add_func ("/sev/chain/slot-order", test_slot_order);
  g_test_add_func ("/sev/chain/refuses-spare-signatures", test_refuses_spare_signatures);
  g_test_add_func ("/sev/roots/flips", test_roots_flips);
  g_test_add_func ("/sev/roots/mixed", test_roots_mixed);
  return g_test_run ();
}
