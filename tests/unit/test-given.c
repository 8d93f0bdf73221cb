/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "sev-data.h"
#include "tee/sev/bundle.h"
#include "tee/sev/error.h"
#include "tee/sev/given.h"
#include "tee/sev/policy.h"

static guint8 measurement[48], digest[32], tik[16], tek[16];

static void
fill (void)
{
  for (guint i = 0; i < sizeof measurement; i++)
    measurement[i] = (guint8) (0xfa + 7 * i); /* with + and / in its base64 */
  for (guint i = 0; i < sizeof digest; i++)
    digest[i] = (guint8) (3 * i + 1);
  for (guint i = 0; i < sizeof tik; i++)
    tik[i] = (guint8) (i + 16), tek[i] = (guint8) (i + 100);
}

/* @text with each %s replaced by @what. */
static char *
with (const char *text, const char *what)
{
  g_auto(GStrv) parts = g_strsplit (text, "%s", -1);

  return g_strjoinv (what, parts);
}

static char *
url_safe (const char *base64)
{
  return g_strdelimit (g_strdelimit (g_strdup (base64), "+", '-'), "/", '_');
}

static void
assert_given (VaGiven what, const char *text, gsize size, const guint8 *expected)
{
  g_autofree guint8 *copy = g_memdup2 (text, size), *out = g_malloc0 (va_given_size (what));
  g_autoptr(GError) error = NULL;

  if (!va_given_read (what, copy, size, TRUE, out, NULL, &error))
    g_error ("%s: %s", text, error->message);
  g_assert_cmpmem (out, va_given_size (what), expected, va_given_size (what));
}

static void
test_forms (void)
{
  static const char *const forms[] = {
    "%s",
    "%s\n",
    " %s ",
    "\"%s\"",
    "'%s'\r\n",
    "\xef\xbb\xbf%s",
    "\xe2\x80\x9c%s\xe2\x80\x9d",
    "`%s`",
    "sev-measurement: %s\nsev-api-major  : 0\nsev-policy     : 1\n",
    "{\"return\": {\"data\": \"%s\"}}\n",
    "{\"QMP\": {}}\n{\"return\": {}}\n{\"return\":{\"data\":\"%s\"},\"id\":\"x\"}\n",
    "{\"sev-measurement\": \"%s\\n\"}",
    "measurement = '%s'",
    "-----BEGIN X-----\n%s\n-----END X-----\n",
  };
  g_autofree char *base64 = va_base64_encode (measurement, sizeof measurement), *hex = va_hex_encode (measurement, 48);
  g_autofree char *safe = url_safe (base64), *upper = g_ascii_strup (hex, -1);
  g_autofree char *wrapped = g_strdup_printf ("%.40s\r\n%s\r\n", base64, base64 + 40);
  g_autofree char *escaped = g_uri_escape_string (base64, NULL, FALSE);
  const char *const texts[] = { base64, safe, hex, upper, escaped };

  g_assert_nonnull (strpbrk (base64, "+/"));
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    for (guint j = 0; j < G_N_ELEMENTS (texts); j++)
      {
        g_autofree char *text = with (forms[i], texts[j]);

        assert_given (VA_GIVEN_MEASUREMENT, text, strlen (text), measurement);
      }
  assert_given (VA_GIVEN_MEASUREMENT, wrapped, strlen (wrapped), measurement);
  assert_given (VA_GIVEN_MEASUREMENT, (const char *) measurement, sizeof measurement, measurement);
}

static void
test_digests (void)
{
  g_autofree char *hex = va_hex_encode (digest, sizeof digest), *base64 = va_base64_encode (digest, sizeof digest);
  g_autofree char *sum = g_strdup_printf ("%s  OVMF.fd\n", hex), *all = g_strdup_printf ("%s 2 zero\n", hex);
  g_autofree char *prefixed = g_strdup_printf ("0x%s", hex), *bare = g_strndup (base64, strlen (base64) - 1);
  g_autoptr(GString) colons = g_string_new (NULL), c = g_string_new ("{ ");
  const char *const texts[] = { hex, base64, sum, all, prefixed, bare };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_given (VA_GIVEN_DIGEST, texts[i], strlen (texts[i]), digest);
  for (guint i = 0; i < sizeof digest; i++)
    {
      g_string_append_printf (colons, "%s%02X", i > 0 ? ":" : "", digest[i]);
      g_string_append_printf (c, "0x%02x, ", digest[i]);
    }
  assert_given (VA_GIVEN_DIGEST, colons->str, colons->len, digest);
  assert_given (VA_GIVEN_DIGEST, c->str + 2, c->len - 2, digest);
}

static void
test_keys (void)
{
  g_autofree char *base64 = va_base64_encode (tik, sizeof tik), *hex = va_hex_encode (tik, sizeof tik);
  g_autofree char *line = g_strdup_printf ("%s\n", base64);
  char pair[32];

  assert_given (VA_GIVEN_TIK, base64, strlen (base64), tik);
  assert_given (VA_GIVEN_TIK, line, strlen (line), tik);
  assert_given (VA_GIVEN_TIK, hex, strlen (hex), tik);
  assert_given (VA_GIVEN_TIK, (const char *) tik, sizeof tik, tik);
  memcpy (pair, tek, 16);
  memcpy (pair + 16, tik, 16);
  assert_given (VA_GIVEN_TIK, pair, sizeof pair, tik);
  assert_given (VA_GIVEN_TEK, pair, sizeof pair, tek);
  /* hex without any decimal digit */
  assert_given (VA_GIVEN_TIK, "abababababababababababababababab", 32,
                (const guint8 *) "\xab\xab\xab\xab\xab\xab\xab\xab"
                                 "\xab\xab\xab\xab\xab\xab\xab\xab");
  /* sixteen printable characters are a key like any other */
  assert_given (VA_GIVEN_TIK, "\"abcdefghijklmn\"", 16, (const guint8 *) "\"abcdefghijklmn\"");
  assert_given (VA_GIVEN_TIK,
                "\xff\xfe"
                "abcdefghijklmn",
                16,
                (const guint8 *) "\xff\xfe"
                                 "abcdefghijklmn");
}

/* Nothing of it is taken, and the message says what it is. */
static void
assert_refused (VaGiven what, gconstpointer data, gsize size, const char *word)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  g_autoptr(GError) error = NULL;
  guint8 out[48];

  g_assert_false (va_given_read (what, copy, size, TRUE, out, NULL, &error));
  g_assert_true (error->domain == VA_CORE_ERROR);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” is not in: %s", word, error->message);
}

static void
test_refusals (void)
{
  g_autofree char *cut = va_base64_encode (measurement, 33), *sum = va_hex_encode (digest, 32);
  static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n";
  static const char secret[] = "my-very-secret key!";
  guint8 certs[4][VA_SEV_CERT_SIZE];
  g_autofree char *pdh = NULL;

  data_naples (certs);
  pdh = va_base64_encode (certs[0], VA_SEV_CERT_SIZE);
  assert_refused (VA_GIVEN_MEASUREMENT, cut, strlen (cut), "33 bytes, where there must be 48");
  assert_refused (VA_GIVEN_MEASUREMENT, sum, strlen (sum), "32 bytes: a digest");
  assert_refused (VA_GIVEN_MEASUREMENT, certs[0], VA_SEV_CERT_SIZE, "a certificate of the PDH");
  assert_refused (VA_GIVEN_MEASUREMENT, pdh, strlen (pdh), "a certificate of the PDH");
  assert_refused (VA_GIVEN_MEASUREMENT, key_pem, strlen (key_pem), "a private key in PEM form");
  assert_refused (VA_GIVEN_MEASUREMENT, "<domain type='kvm'/>", 20, "a domain's XML");
  assert_refused (VA_GIVEN_MEASUREMENT, "", 0, "empty");
  assert_refused (VA_GIVEN_MEASUREMENT, "AAAA*AAA", 8, "character 5 is “*”");
  assert_refused (VA_GIVEN_MEASUREMENT, "sev-measurement: AAAA*AAA\n", 26, "character 5 is “*”");
  assert_refused (VA_GIVEN_DIGEST, measurement, sizeof measurement, "48 bytes: a measurement");
  assert_refused (VA_GIVEN_TIK, measurement, sizeof measurement, "a TIK has 16");
  assert_refused (VA_GIVEN_TEK, tik, 15, "15 bytes, where a TEK has 16");
  assert_refused (VA_GIVEN_TIK, secret, strlen (secret), "neither base64 nor hex");
  /* a measurement of zeros is base64 without a decimal digit, and no hex */
  assert_given (VA_GIVEN_MEASUREMENT, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 64,
                (guint8[48]){ 0 });
}

static GByteArray *
joined (guint8 certs[4][VA_SEV_CERT_SIZE], const char *order)
{
  GByteArray *all = g_byte_array_new ();

  for (; *order != '\0'; order++)
    g_byte_array_append (all, certs[*order - '0'], VA_SEV_CERT_SIZE);
  return all;
}

static gboolean
add (VaSevBundle *bundle, gconstpointer data, gsize size, GError **error)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  return va_sev_bundle_add (bundle, copy, size, "here", error);
}

static void
assert_chain (gconstpointer data, gsize size)
{
  g_autoptr(GError) error = NULL;
  VaSevBundle bundle = { .has_pdh = FALSE };
  g_autoptr(VaSevRoots) roots = data_roots ();
  VaSevChain chain;

  add (&bundle, data, size, &error);
  g_assert_no_error (error);
  g_assert_true (va_sev_bundle_chain (&bundle, &chain, &error));
  g_assert_no_error (error);
  g_assert_true (va_sev_chain_verify (&chain, roots, NULL, &error));
}

static void
test_chains (void)
{
  guint8 certs[4][VA_SEV_CERT_SIZE];
  g_autoptr(GByteArray) usual = NULL, other = NULL, below = NULL, full = NULL;
  g_autofree char *base64 = NULL, *hex = NULL, *pem = NULL, *json = NULL, *table = NULL, *pdh = NULL, *rest = NULL;
  VaAmdCert amd;

  data_naples (certs);
  usual = joined (certs, "0123");
  other = joined (certs, "3120");
  below = joined (certs, "123");
  full = joined (certs, "0123");
  for (guint i = 0; i < 2; i++)
    {
      data_amd_cert (&amd, "naples", i == 0 ? "ask" : "ark");
      g_byte_array_append (full, amd.raw, (guint) amd.size);
    }
  base64 = va_base64_encode (usual->data, usual->len);
  hex = va_hex_encode (usual->data, usual->len);
  pem = g_strdup_printf ("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", base64);
  pdh = va_base64_encode (certs[0], VA_SEV_CERT_SIZE);
  rest = va_base64_encode (below->data, below->len);
  json = g_strdup_printf ("{\"return\": {\"pdh\": \"%s\", \"cert-chain\": \"%s\", \"cbitpos\": 51}}", pdh, rest);
  table = g_strdup_printf ("pdh               : %s\ncert-chain        : %s\ncbitpos : 51\n", pdh, rest);
  assert_chain (usual->data, usual->len);
  assert_chain (other->data, other->len);
  assert_chain (full->data, full->len);
  for (const char **text = (const char *[]){ base64, hex, pem, json, table, NULL }; *text != NULL; text++)
    assert_chain (*text, strlen (*text));
}

static void
assert_bad_bundle (VaSevBundle *bundle, gconstpointer data, gsize size, const char *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (add (bundle, data, size, &error));
  g_assert_true (g_str_has_prefix (error->message, "here: "));
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” is not in: %s", word, error->message);
}

static void
test_bad_chains (void)
{
  guint8 certs[4][VA_SEV_CERT_SIZE], changed[VA_SEV_CERT_SIZE];
  g_autoptr(GByteArray) no_cek = NULL;
  g_autoptr(GError) error = NULL;
  VaSevBundle bundle = { .has_pdh = FALSE };
  VaSevChain chain;

  data_naples (certs);
  no_cek = joined (certs, "012");
  g_assert_true (add (&bundle, no_cek->data, no_cek->len, NULL));
  g_assert_false (va_sev_bundle_chain (&bundle, &chain, &error));
  g_assert_nonnull (strstr (error->message, "the CEK is missing"));
  memcpy (changed, certs[1], sizeof changed);
  changed[VA_SEV_CERT_SIGNED_SIZE + 8] ^= 1;
  assert_bad_bundle (&bundle, changed, sizeof changed, "differs from the one that was read before");
  assert_bad_bundle (&bundle, certs[3], VA_SEV_CERT_SIZE - 1, "CEK");
  assert_bad_bundle (&bundle, tik, sizeof tik, "a key, TIK or TEK");
  assert_bad_bundle (&bundle, "", 0, "empty");
  assert_bad_bundle (&bundle, "<html>404</html>", 16, "a web page");
  assert_bad_bundle (&bundle, "{\"return\": {}}", 14, "JSON");
  assert_bad_bundle (&bundle,
                     "\x30\x82\x00\x04"
                     "abcd",
                     8, "X.509");
  assert_bad_bundle (&bundle, "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n", 60, "a private key");
}

/* The same CEK with and without AMD's signature: the signed one counts, whichever is read first. */
static void
test_signed_cek (void)
{
  guint8 certs[4][VA_SEV_CERT_SIZE], bare[VA_SEV_CERT_SIZE], stranger[VA_SEV_CERT_SIZE];
  g_autoptr(VaSevRoots) roots = data_roots ();
  VaSevCert cek, pek;

  data_naples (certs);
  g_assert_true (va_sev_cert_parse (&cek, certs[3], VA_SEV_CERT_SIZE, NULL));
  g_assert_true (va_sev_cert_parse (&pek, certs[1], VA_SEV_CERT_SIZE, NULL));
  va_sev_cert_build (bare, cek.api_major, cek.api_minor, VA_SEV_USAGE_CEK, (VaSevAlgo) cek.algo, &cek.key);
  va_sev_cert_build (stranger, cek.api_major, cek.api_minor, VA_SEV_USAGE_CEK, (VaSevAlgo) cek.algo, &pek.key);
  for (guint turn = 0; turn < 2; turn++)
    {
      VaSevBundle bundle = { .has_pdh = FALSE };
      VaSevChain chain;

      for (guint i = 0; i < 3; i++)
        g_assert_true (add (&bundle, certs[i], VA_SEV_CERT_SIZE, NULL));
      g_assert_true (add (&bundle, turn == 0 ? bare : certs[3], VA_SEV_CERT_SIZE, NULL));
      g_assert_true (add (&bundle, turn == 0 ? certs[3] : bare, VA_SEV_CERT_SIZE, NULL));
      g_assert_true (va_sev_bundle_chain (&bundle, &chain, NULL));
      g_assert_true (va_sev_cek_is_signed (&chain.cek));
      g_assert_true (va_sev_chain_verify (&chain, roots, NULL, NULL));
      assert_bad_bundle (&bundle, stranger, sizeof stranger, "a different processor");
    }
}

static void
test_policies (void)
{
  static const struct {
    const char *text;
    guint32 policy;
  } good[] = {
    { "5", 5 }, { "0x33", 0x33 }, { "nodbg,es", 5 }, { "NODBG", 1 }, { "nodbg,api=1.51", 1 | 1 << 16 | 51 << 24 },
  };
  guint32 policy;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (va_policy_parse (good[i].text, &policy, NULL));
      g_assert_cmphex (policy, ==, good[i].policy);
      g_assert_true (va_policy_check (policy, NULL));
    }
  for (const char **bad = (const char *[]){ "", "debug", "nodbg,", "5,es", "0x", "4294967296", NULL }; *bad != NULL;
       bad++)
    g_assert_false (va_policy_parse (*bad, &policy, NULL));
  for (guint bit = 6; bit < 16; bit++)
    g_assert_false (va_policy_check (1u << bit | 1, NULL));
  for (const guint32 *snp = (const guint32[]){ 0x30000, 0x20000, 0xb0000, 0x3001f, 0 }; *snp != 0; snp++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (va_policy_check (*snp, &error));
      g_assert_nonnull (strstr (error->message, "SEV-SNP"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fill ();
  g_test_add_func ("/given/forms", test_forms);
  g_test_add_func ("/given/digests", test_digests);
  g_test_add_func ("/given/keys", test_keys);
  g_test_add_func ("/given/refusals", test_refusals);
  g_test_add_func ("/given/chains", test_chains);
  g_test_add_func ("/given/bad-chains", test_bad_chains);
  g_test_add_func ("/given/signed-cek", test_signed_cek);
  g_test_add_func ("/given/policies", test_policies);
  return g_test_run ();
}
