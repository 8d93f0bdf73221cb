/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "sev-data.h"
#include "tee/sev/error.h"

static const char *const names[] = { "pdh", "pek", "oca", "cek" };

static void
test_parses_real (void)
{
  static const guint32 usages[] = { VA_SEV_USAGE_PDH, VA_SEV_USAGE_PEK, VA_SEV_USAGE_OCA, VA_SEV_USAGE_CEK };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GBytes) bytes = data_file ("chains/naples/%s.cert", names[i]);
      g_autoptr(GError) error = NULL;
      VaSevCert cert;

      g_assert_true (va_sev_cert_parse (&cert, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error));
      g_assert_no_error (error);
      g_assert_cmpuint (cert.usage, ==, usages[i]);
      g_assert_cmpuint (cert.api_minor, ==, i == 3 ? 14 : 16);
      g_assert_cmpuint (cert.key.x[0], ==, cert.raw[20 + 47]);
      g_assert_cmpuint (cert.key.y[47], ==, cert.raw[92]);
    }
}

static void
assert_refused (const guint8 *data, gsize size, int code)
{
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *exact = g_memdup2 (data, MAX (size, 1));
  VaSevCert cert;

  g_assert_false (va_sev_cert_parse (&cert, exact, size, &error));
  g_assert_error (error, VA_SEV_ERROR, code);
}

static void
test_refuses_sizes (void)
{
  g_autoptr(GBytes) bytes = data_file ("chains/naples/pdh.cert");
  g_autofree guint8 *larger = g_malloc0 (3 * VA_SEV_CERT_SIZE);

  memcpy (larger, g_bytes_get_data (bytes, NULL), VA_SEV_CERT_SIZE);
  for (gsize size = 0; size < VA_SEV_CERT_SIZE; size++)
    assert_refused (larger, size, VA_SEV_ERROR_FORMAT);
  assert_refused (larger, VA_SEV_CERT_SIZE + 1, VA_SEV_ERROR_FORMAT);
  assert_refused (larger, 2 * VA_SEV_CERT_SIZE, VA_SEV_ERROR_FORMAT);
  assert_refused (larger, 3 * VA_SEV_CERT_SIZE, VA_SEV_ERROR_FORMAT);
}

static gboolean
parses_with (const guint8 *good, gsize at, guint8 flip, VaSevCert *cert)
{
  guint8 raw[VA_SEV_CERT_SIZE];

  memcpy (raw, good, sizeof raw);
  raw[at] ^= flip;
  return va_sev_cert_parse (cert, raw, sizeof raw, NULL);
}

/* What the parser alone must see: everything but the API version and a signature's own numbers. */
static gboolean
parser_sees (gsize at, guint slots)
{
  for (guint i = 0; i < slots; i++)
    {
      gsize data = VA_SEV_CERT_SIGNED_SIZE + 520 * i + 8;

      if ((at >= data && at < data + 48) || (at >= data + 72 && at < data + 72 + 48))
        return FALSE;
    }
  return at != 4 && at != 5;
}

static void
test_refuses_flips (void)
{
  g_autoptr(GBytes) pdh = data_file ("chains/naples/pdh.cert");
  g_autoptr(GBytes) pek = data_file ("chains/naples/pek.cert");
  VaSevCert cert;
  guint seen = 0;

  for (gsize at = 0; at < VA_SEV_CERT_SIZE; at++)
    {
      g_test_message ("byte %" G_GSIZE_FORMAT, at);
      g_assert_cmpint (parses_with (g_bytes_get_data (pdh, NULL), at, 0xff, &cert), ==, !parser_sees (at, 1));
      g_assert_cmpint (parses_with (g_bytes_get_data (pek, NULL), at, 0xff, &cert), ==, !parser_sees (at, 2));
      seen += parser_sees (at, 1);
    }
  g_assert_cmpuint (seen, ==, VA_SEV_CERT_SIZE - 2 - 96);
}

static void
test_refuses_fields (void)
{
  static const struct {
    gsize at;
    guint8 value[4];
    int code;
  } bad[] = {
    { 0, { 0, 0, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* version */
    { 0, { 2, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 8, { 0, 0, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* usages that no such certificate has */
    { 8, { 0x13, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 8, { 0, 0x10, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 8, { 5, 0x10, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 8, { 2, 0x10, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* a PEK for key agreement */
    { 12, { 0, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },   /* algorithms */
    { 12, { 1, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 12, { 2, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 12, { 3, 2, 0, 0 }, VA_SEV_ERROR_FORMAT },
    { 16, { 1, 0, 0, 0 }, VA_SEV_ERROR_KEY }, /* P-256 */
    { 16, { 0, 0, 0, 0 }, VA_SEV_ERROR_KEY },
    { 20, { 0, 0, 0, 0 }, VA_SEV_ERROR_KEY },         /* off the curve */
    { 20 + 48, { 1, 0, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* a coordinate of more than 384 bits */
    { 164, { 1, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },     /* behind the key */
    { 1044, { 3, 0x10, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* signed by a PDH */
    { 1044, { 0, 0x10, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* an empty slot that is not empty */
    { 1048, { 1, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },    /* an RSA signature by a PEK */
    { 1564, { 2, 0x10, 0, 0 }, VA_SEV_ERROR_FORMAT }, /* a signer without an algorithm */
    { 1568, { 2, 0, 0, 0 }, VA_SEV_ERROR_FORMAT },    /* an algorithm without a signer */
    { 2080, { 0, 0, 0, 1 }, VA_SEV_ERROR_FORMAT },    /* the last byte */
  };
  g_autoptr(GBytes) pdh = data_file ("chains/naples/pdh.cert");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint8 raw[VA_SEV_CERT_SIZE];

      g_test_message ("change at %" G_GSIZE_FORMAT, bad[i].at);
      memcpy (raw, g_bytes_get_data (pdh, NULL), sizeof raw);
      memcpy (raw + bad[i].at, bad[i].value, 4);
      assert_refused (raw, sizeof raw, bad[i].code);
    }
}

static void
test_build (void)
{
  g_autoptr(GBytes) pdh = data_file ("chains/naples/pdh.cert");
  guint8 raw[VA_SEV_CERT_SIZE];
  VaSevCert real, built;

  g_assert_true (va_sev_cert_parse (&real, g_bytes_get_data (pdh, NULL), VA_SEV_CERT_SIZE, NULL));
  va_sev_cert_build (raw, real.api_major, real.api_minor, VA_SEV_USAGE_PDH, VA_SEV_ALGO_ECDH_SHA256, &real.key);
  g_assert_cmpmem (raw, VA_SEV_CERT_SIGNED_SIZE, real.raw, VA_SEV_CERT_SIGNED_SIZE);
  g_assert_cmpmem (raw + 1564, 520, real.raw + 1564, 520); /* the real one's empty slot */
  g_assert_true (va_sev_cert_parse (&built, raw, sizeof raw, NULL));
  g_assert_cmpmem (&built.key, sizeof built.key, &real.key, sizeof real.key);
}

static void
test_amd_parses_real (void)
{
  for (guint i = 0; data_generations[i] != NULL; i++)
    {
      VaAmdCert ark, ask;
      guint8 hash[32];

      data_amd_cert (&ark, data_generations[i], "ark");
      data_amd_cert (&ask, data_generations[i], "ask");
      g_assert_cmpuint (ark.usage, ==, VA_SEV_USAGE_ARK);
      g_assert_cmpuint (ask.usage, ==, VA_SEV_USAGE_ASK);
      g_assert_cmpuint (ark.modulus_size, ==, i == 0 ? 256 : 512);
      g_assert_cmpmem (ark.key_id, 16, ask.certifying_id, 16);
      g_assert_cmpmem (ark.key_id, 16, ark.certifying_id, 16);
      va_amd_cert_key_hash (&ark, hash);
      g_assert_cmpstr (va_amd_ark_generation (hash), ==, data_generations[i]);
      va_amd_cert_key_hash (&ask, hash);
      g_assert_null (va_amd_ark_generation (hash));
    }
}

static void
assert_amd_refused (const guint8 *data, gsize size, const char *saying)
{
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *exact = g_memdup2 (data, MAX (size, 1));
  VaAmdCert cert;

  g_assert_false (va_amd_cert_parse (&cert, exact, size, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  if (saying != NULL)
    g_assert_nonnull (strstr (error->message, saying));
}

static void
test_amd_refuses_sizes (void)
{
  g_autoptr(GBytes) bytes = data_file ("roots/naples/ark.cert");
  g_autofree guint8 *larger = g_malloc0 (4096);

  memcpy (larger, g_bytes_get_data (bytes, NULL), 832);
  for (gsize size = 0; size < 2000; size++)
    if (size != 832 && size != 1600)
      assert_amd_refused (larger, size, NULL);
  assert_amd_refused (larger, 576, "Naples");
  assert_amd_refused (larger, 1600, NULL); /* padded to the other size */
  assert_amd_refused (larger, 4096, NULL);
  bytes = (g_bytes_unref (bytes), data_file ("roots/milan/ark.cert"));
  assert_amd_refused (g_bytes_get_data (bytes, NULL), 832, NULL);
}

static void
test_amd_refuses_fields (void)
{
  static const struct {
    gsize at;
    guint8 flip;
  } bad[] = {
    { 0, 1 },   { 0, 3 },      { 3, 1 },                         /* version */
    { 36, 1 },  { 39, 1 },                                       /* usage */
    { 40, 1 },  { 55, 1 },                                       /* reserved */
    { 56, 1 },  { 57, 1 },     { 60, 1 },                        /* sizes */
    { 64, 1 },  { 64, 2 },     { 65, 1 }, { 66, 1 }, { 319, 1 }, /* exponent */
    { 320, 1 }, { 575, 0x80 },                                   /* even or short modulus */
  };
  g_autoptr(GBytes) bytes = data_file ("roots/naples/ark.cert");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint8 raw[832];

      memcpy (raw, g_bytes_get_data (bytes, NULL), sizeof raw);
      raw[bad[i].at] ^= bad[i].flip;
      g_test_message ("flip at %" G_GSIZE_FORMAT, bad[i].at);
      if (bad[i].at == 575)
        raw[575] &= 0x7f;
      assert_amd_refused (raw, sizeof raw, NULL);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/certificate/parses-real", test_parses_real);
  g_test_add_func ("/sev/certificate/refuses-sizes", test_refuses_sizes);
  g_test_add_func ("/sev/certificate/refuses-flips", test_refuses_flips);
  g_test_add_func ("/sev/certificate/refuses-fields", test_refuses_fields);
  g_test_add_func ("/sev/certificate/build", test_build);
  g_test_add_func ("/sev/amd-certificate/parses-real", test_amd_parses_real);
  g_test_add_func ("/sev/amd-certificate/refuses-sizes", test_amd_refuses_sizes);
  g_test_add_func ("/sev/amd-certificate/refuses-fields", test_amd_refuses_fields);
  return g_test_run ();
}
